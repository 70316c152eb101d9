import pytest

from services.retrieval.matched_terms import MAX_CHARACTERS_READ, MatchedTerms
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot


@pytest.mark.parametrize(
    ("query", "text", "terms"),
    [
        ("Red lamps, cheap", "a red lamp", ["red", "lamps"]),
        ("mac book sleeve", "MacBook sleeve", ["mac", "book", "sleeve"]),
        ("tshirt", "T-Shirt", ["tshirt"]),
        ("red red", "red", ["red"]),
        ("", "red", []),
        ("🎧", "red", []),
    ],
)
def test_the_words_of_a_query_that_a_product_holds_come_as_typed(
    open_snapshot: OpenSnapshot, query: str, text: str, terms: list[str]
) -> None:
    index = open_snapshot([Product("a", "any")]).lexical.index
    assert MatchedTerms(index, query).of([text]) == terms


def test_of_a_very_long_product_the_first_texts_are_read(open_snapshot: OpenSnapshot) -> None:
    terms = MatchedTerms(open_snapshot([Product("a", "any")]).lexical.index, "red lamp")
    assert terms.of(["a lamp", "x" * MAX_CHARACTERS_READ, "red"]) == ["lamp"]
    assert terms.of(["a lamp", "x" * 20_000, "red"]) == ["red", "lamp"]
