from aisle.v1.retrieval_pb2 import HighlightRequest
from tests.unit.gateway.conftest import MARKED, Gateway, failing
from tests.unit.gateway.shoes import shoes


async def test_each_result_has_highlights_when_asked_for(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(highlight=True))
    assert [list(result.highlights) for result in page.results] == [list(MARKED.highlights)] * 3
    assert not page.served_by.degraded


async def test_retrieval_marks_the_query_as_it_was_searched(gateway: Gateway) -> None:
    request = shoes(
        query="shooe", highlight=True, snippet_length=80, language_code="en", as_typed=["synonym"]
    )
    await gateway.search.Search(request)
    asked = gateway.retrieval.fetched[0].highlight
    assert 0 < asked.budget_ms < 400
    asked.ClearField("budget_ms")
    assert asked == HighlightRequest(
        query="shoe", language_code="en", without_synonyms=True, snippet_length=80
    )


async def test_nothing_is_marked_unasked(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes())
    assert not gateway.retrieval.fetched[0].HasField("highlight")
    assert not any(result.highlights for result in page.results)


async def test_a_page_says_which_results_have_no_highlights(gateway: Gateway) -> None:
    gateway.retrieval.most_marked = 1
    page = await gateway.search.Search(shoes(highlight=True))
    assert [len(result.highlights) for result in page.results] == [1, 0, 0]
    assert list(page.served_by.degraded) == ["highlights: 1 of 3"]


async def test_a_page_without_products_has_no_highlights(gateway: Gateway) -> None:
    gateway.retrieval.fetch_trouble = failing(ValueError("broken"))
    page = await gateway.search.Search(shoes(highlight=True))
    assert len(page.results) == 3 and not any(result.highlights for result in page.results)
