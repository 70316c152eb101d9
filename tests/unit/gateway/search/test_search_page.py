import pytest

from aisle.v1.search_pb2 import (
    TIER_CROSS_ENCODED,
    TIER_DENSE,
    TIER_FUSED,
    TIER_LEXICAL,
    TIER_RERANKED,
    AnyOf,
    FacetRequest,
    Filter,
    FilterGroup,
    NumberRange,
    Relaxation,
)
from shared.errors import InvalidRequest, Unavailable
from shared.query_ids import hash_in, query_hash
from tests.unit.gateway.conftest import Gateway, failing
from tests.unit.gateway.shoes import FUSED, RERANKED, ids, shoes


async def test_a_page_is_reranked_and_says_so(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(facets=[FacetRequest(field="brands")]))
    assert ids(page) == RERANKED
    assert [result.position for result in page.results] == [1, 2, 3]
    assert page.results[0].product.title == "shoe 49"
    assert page.total_count == 50
    assert [facet.field for facet in page.facets] == ["brands"]
    served = page.served_by
    assert (served.tier, list(served.degraded)) == (TIER_RERANKED, [])
    assert (served.snapshot_version, served.bundle_version) == ("s1", "b1")
    assert {"analyze", "embed", "retrieve", "rerank", "fetch", "total", "lexical"} <= set(served.stage_ms)


async def test_a_corrected_query_is_searched_and_told(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(query="shooe"))
    assert page.corrected_query == "shoe"
    assert gateway.embedding.queries == ["shoe"] and gateway.retrieval.requests[0].query == "shoe"


async def test_a_query_that_is_offered_is_named_on_every_page_and_not_searched(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(query="shoeys", page_size=2))
    assert (page.suggested_query, page.corrected_query) == ("shoes", "")
    assert gateway.retrieval.requests[0].query == "shoeys"
    second = await gateway.search.Search(shoes(query="shoeys", page_size=2, page_token=page.next_page_token))
    assert second.suggested_query == "shoes"


async def test_every_page_says_what_was_relaxed(gateway: Gateway) -> None:
    assert not (await gateway.search.Search(shoes())).HasField("relaxation")
    gateway.retrieval.relaxation = Relaxation(is_partial=True, dropped_words=["purple"])
    page = await gateway.search.Search(shoes(query="purple shoes", page_size=2))
    second = await gateway.search.Search(
        shoes(query="purple shoes", page_size=2, page_token=page.next_page_token)
    )
    assert page.relaxation == second.relaxation == gateway.retrieval.relaxation


async def test_what_retrieval_rejects_reaches_the_caller(gateway: Gateway) -> None:
    gateway.retrieval.trouble = failing(InvalidRequest("filters[0].field", "is unknown"))
    with pytest.raises(InvalidRequest, match="filters"):
        await gateway.search.Search(shoes())


async def test_the_reranker_is_told_whose_page_it_is(gateway: Gateway) -> None:
    await gateway.search.Search(shoes(visitor_id="v1", session_id="s7"))
    asked = gateway.reranker.requests[0]
    assert (asked.visitor_id, asked.session_id) == ("v1", "s7")


async def test_a_page_that_a_cross_encoder_reordered_says_so(gateway: Gateway) -> None:
    gateway.reranker.cross_encoded = 3
    page = await gateway.search.Search(shoes(max_tier=TIER_CROSS_ENCODED))
    assert page.served_by.tier == TIER_CROSS_ENCODED and page.results[0].relevance_score
    await gateway.search.Search(shoes(max_tier=TIER_RERANKED))
    await gateway.search.Search(shoes())
    assert [asked.cross_encode for asked in gateway.reranker.requests] == [True, False, False]
    assert [asked.read_ahead for asked in gateway.reranker.requests] == [False, False, True]


async def test_what_the_reranker_left_out_is_told(gateway: Gateway) -> None:
    gateway.reranker.degraded = ["features: deadline"]
    page = await gateway.search.Search(shoes())
    assert (ids(page), list(page.served_by.degraded)) == (RERANKED, ["features: deadline"])


async def test_a_query_id_says_which_query_was_searched(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(query="Shooe"))
    assert page.corrected_query == "Shoe"
    assert hash_in(page.query_id) == query_hash(gateway.reranker.requests[0].query) == query_hash("shoe")
    assert hash_in((await gateway.search.Search(shoes(query=""))).query_id) == 0


async def test_the_reranker_is_told_what_is_left_of_the_budget(gateway: Gateway) -> None:
    await gateway.search.Search(shoes(deadline_ms=200))
    assert 100 < gateway.reranker.requests[0].budget_ms < 180


@pytest.mark.parametrize("tier", [TIER_LEXICAL, TIER_DENSE, TIER_FUSED])
async def test_no_stage_above_the_highest_tier_asked_for_runs(gateway: Gateway, tier: int) -> None:
    page = await gateway.search.Search(shoes(max_tier=tier))
    assert (page.served_by.tier, list(page.served_by.degraded)) == (tier, [])
    assert not gateway.reranker.requests
    assert bool(gateway.embedding.queries) == (tier != TIER_LEXICAL)


async def test_another_order_than_relevance_is_not_reranked(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(order_by="price asc"))
    assert not gateway.reranker.requests
    assert gateway.retrieval.requests[0].order_by == "price asc"
    assert list(page.served_by.degraded) == []


@pytest.mark.parametrize("query", ["", "   ", "\x00\x1f"])
async def test_an_empty_query_browses(gateway: Gateway, query: str) -> None:
    page = await gateway.search.Search(shoes(query=query))
    assert ids(page) == FUSED
    assert not gateway.embedding.queries and not gateway.reranker.requests
    assert list(page.served_by.degraded) == []


async def test_a_very_long_query_is_cut(gateway: Gateway) -> None:
    await gateway.search.Search(shoes(query="x" * 10_000))
    assert gateway.retrieval.requests[0].query == "x" * 1_000


async def test_a_query_without_results_gives_an_empty_page(gateway: Gateway) -> None:
    gateway.retrieval.product_count = 0
    page = await gateway.search.Search(shoes())
    assert (ids(page), page.next_page_token, page.total_count) == ([], "", 0)
    assert page.served_by.tier == TIER_RERANKED and not page.served_by.degraded  # nothing was left out


async def test_what_pages_were_served_is_counted(gateway: Gateway) -> None:
    await gateway.search.Search(shoes())
    gateway.reranker.trouble = failing(Unavailable("down"))
    await gateway.search.Search(shoes())
    with pytest.raises(InvalidRequest):
        await gateway.search.Search(shoes(order_by="beauty"))
    assert gateway.search.counts() == {
        "pages": 2,
        "pages.TIER_RERANKED": 1,
        "pages.TIER_FUSED": 1,
        "degraded.reranker": 1,
        "errors.InvalidRequest": 1,
    }


async def test_filters_of_text_reach_retrieval_as_filters(gateway: Gateway) -> None:
    asked = shoes(
        filters=[Filter(field="tags", exists=True)],
        where="price:..50 OR NOT brands:acme",
        order_by="price asc",
        currency_code="EUR",
    )
    await gateway.search.Search(asked)
    [wanted] = gateway.retrieval.requests
    cheap = Filter(field="price", range=NumberRange(max=50))
    others = Filter(field="brands", any_of=AnyOf(values=["acme"]), negate=True)
    group = Filter(any_filter=FilterGroup(filters=[cheap, others]))
    assert list(wanted.filters) == [*asked.filters, group]
    assert (wanted.order_by, wanted.currency_code) == ("price asc", "EUR")


@pytest.mark.parametrize("change", [{"where": "price:..60"}, {"currency_code": "USD"}])
async def test_a_page_token_belongs_to_the_search_with_its_filters(
    gateway: Gateway, change: dict[str, str]
) -> None:
    settings = {"where": "price:..50", "currency_code": "EUR"}
    page = await gateway.search.Search(shoes(**settings))
    with pytest.raises(InvalidRequest, match="page_token"):
        await gateway.search.Search(shoes(**settings | change, page_token=page.next_page_token))
