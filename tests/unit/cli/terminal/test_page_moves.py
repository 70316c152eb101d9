from aisle.v1.search_pb2 import SearchResponse
from cli.terminal.page_moves import differences, moves, overtaken, rose_most


def page(*product_ids: str, **learnt: float) -> SearchResponse:
    """Products in order; `learnt` is what shoppers' actions added to the score of some."""
    made = SearchResponse()
    for position, product_id in enumerate(product_ids, 1):
        result = made.results.add(position=position)
        result.product.product_id = product_id
        result.explanation.contributions.add(feature="dense_z", contribution=1.0)
        added = learnt.get(product_id, 0.0)
        result.explanation.contributions.add(feature="query_opens_7d", contribution=added)
    return made


BEFORE = page("a", "b", "c", "d")
AFTER = page("d", "a", "new", "c", d=0.5, a=0.2)


def test_each_product_says_where_it_came_from() -> None:
    assert moves(BEFORE, AFTER) == {"d": "↑3", "a": "↓1", "new": "new", "c": "↓1"}


def test_what_rose_most_is_explained_by_what_it_overtook() -> None:
    risen = rose_most(BEFORE, AFTER.results)
    assert risen is not None and risen.product.product_id == "d"
    loser = overtaken(BEFORE, AFTER, risen)
    assert loser is not None and loser.product.product_id == "a"
    assert differences(risen, loser) == "query_opens_7d +0.30"


def test_a_page_that_stayed_has_nothing_that_rose() -> None:
    assert rose_most(BEFORE, BEFORE.results) is None
    assert set(moves(BEFORE, BEFORE).values()) == {""}
