import asyncio
import time

import pytest

from protos.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse
from protos.search_pb2 import (
    TIER_DENSE,
    TIER_FUSED,
    TIER_LEXICAL,
    TIER_RERANKED,
    FacetRequest,
)
from shared.errors import InvalidRequest, SnapshotGone, Unavailable
from shared.query_ids import hash_in, query_hash
from tests.unit.gateway.conftest import Gateway, failing, none, too_long
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


async def test_a_late_reranker_leaves_the_fused_order(gateway: Gateway) -> None:
    gateway.reranker.trouble = too_long
    start = time.perf_counter()
    page = await gateway.search.Search(shoes())
    assert time.perf_counter() - start < 0.2
    assert ids(page) == FUSED
    assert (page.served_by.tier, list(page.served_by.degraded)) == (TIER_FUSED, ["reranker: deadline"])


async def test_an_absent_reranker_leaves_the_fused_order(gateway: Gateway) -> None:
    gateway.reranker.trouble = failing(Unavailable("connection refused"))
    page = await gateway.search.Search(shoes())
    assert ids(page) == FUSED
    assert list(page.served_by.degraded) == ["reranker: connection refused"]


async def test_what_the_reranker_rejects_is_not_the_callers_fault(gateway: Gateway) -> None:
    gateway.reranker.trouble = failing(InvalidRequest("encoding.states", "has 5 bytes"))
    page = await gateway.search.Search(shoes())
    assert (ids(page), list(page.served_by.degraded)) == (FUSED, ["reranker: encoding.states: has 5 bytes"])


async def test_a_reranker_with_a_defect_leaves_the_fused_order(gateway: Gateway) -> None:
    gateway.reranker.trouble = failing(ZeroDivisionError("oh"))
    page = await gateway.search.Search(shoes())
    assert ids(page) == FUSED
    assert list(page.served_by.degraded) == ["reranker: failed (ZeroDivisionError)"]


@pytest.mark.parametrize("trouble", [too_long, failing(Unavailable("down")), failing(ValueError("bad"))])
async def test_without_the_embedding_the_page_is_lexical(gateway: Gateway, trouble: object) -> None:
    gateway.embedding.trouble = trouble  # type: ignore[assignment]
    page = await gateway.search.Search(shoes())
    assert ids(page) == FUSED
    assert page.served_by.tier == TIER_LEXICAL
    assert page.served_by.degraded[0].startswith("embedding: ")
    assert page.served_by.degraded[1] == "reranker: no embedding"


async def test_without_analysis_the_query_is_searched_as_typed(gateway: Gateway) -> None:
    gateway.retrieval.analyze_trouble = too_long
    page = await gateway.search.Search(shoes(query=" shooe\x00 "))
    assert gateway.retrieval.requests[0].query == "shooe"
    assert list(page.served_by.degraded) == ["analyze: deadline"]


async def test_products_that_are_fewer_than_asked_for_are_not_mixed_up(gateway: Gateway) -> None:
    fetch = gateway.retrieval.FetchProducts

    async def one_less(request: FetchProductsRequest) -> FetchProductsResponse:
        response = await fetch(request)
        response.products.pop(0)
        return response

    gateway.retrieval.FetchProducts = one_less  # type: ignore[assignment,method-assign]
    page = await gateway.search.Search(shoes())
    assert ids(page) == RERANKED
    assert list(page.served_by.degraded) == ["products: 2 came instead of 3; ids only"]


@pytest.mark.parametrize("trouble", [too_long, failing(Unavailable("down"))])
async def test_without_the_products_there_are_their_ids(gateway: Gateway, trouble: object) -> None:
    gateway.retrieval.fetch_trouble = trouble  # type: ignore[assignment]
    page = await gateway.search.Search(shoes())
    assert ids(page) == RERANKED
    assert page.served_by.degraded[0].endswith("; ids only")


@pytest.mark.parametrize("trouble", [too_long, failing(Unavailable("down")), failing(KeyError("bad"))])
async def test_without_candidates_there_is_no_page(gateway: Gateway, trouble: object) -> None:
    gateway.retrieval.trouble = trouble  # type: ignore[assignment]
    with pytest.raises(Unavailable, match=r"retrieval: .*; retry"):
        await gateway.search.Search(shoes())


async def test_what_retrieval_rejects_reaches_the_caller(gateway: Gateway) -> None:
    gateway.retrieval.trouble = failing(InvalidRequest("filters[0].field", "is unknown"))
    with pytest.raises(InvalidRequest, match="filters"):
        await gateway.search.Search(shoes())


async def test_the_reranker_is_told_whose_page_it_is(gateway: Gateway) -> None:
    await gateway.search.Search(shoes(visitor_id="v1", session_id="s7"))
    asked = gateway.reranker.requests[0]
    assert (asked.visitor_id, asked.session_id) == ("v1", "s7")


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


async def test_a_reranker_that_loses_candidates_is_not_believed(gateway: Gateway) -> None:
    gateway.reranker.Rerank = _loses_one(gateway)  # type: ignore[assignment,method-assign]
    page = await gateway.search.Search(shoes())
    assert ids(page) == FUSED
    assert list(page.served_by.degraded) == ["reranker: its order is not one of the candidates"]


def _loses_one(gateway: Gateway) -> object:
    rerank = gateway.reranker.Rerank

    async def lossy(request: object) -> object:
        response = await rerank(request)  # type: ignore[arg-type]
        response.order.pop()
        return response

    return lossy


async def test_a_snapshot_that_goes_while_reranking_is_asked_for_anew(gateway: Gateway) -> None:
    async def gone_once() -> None:
        gateway.reranker.trouble = none
        raise SnapshotGone("s1 is no longer served")

    gateway.reranker.trouble = gone_once
    page = await gateway.search.Search(shoes())
    assert (ids(page), list(page.served_by.degraded)) == (RERANKED, [])
    assert len(gateway.retrieval.requests) == 2


async def test_a_snapshot_that_keeps_going_leaves_the_fused_order(gateway: Gateway) -> None:
    gateway.reranker.trouble = failing(SnapshotGone("gone"))
    page = await gateway.search.Search(shoes())
    assert (ids(page), list(page.served_by.degraded)) == (FUSED, ["reranker: the snapshot changed"])


async def test_a_late_result_does_not_harm_later_pages(gateway: Gateway) -> None:
    async def a_little_too_long() -> None:
        await asyncio.sleep(0.08)

    gateway.reranker.trouble = a_little_too_long
    await gateway.search.Search(shoes())
    gateway.reranker.trouble = none
    await asyncio.sleep(0.05)
    assert ids(await gateway.search.Search(shoes())) == RERANKED


async def test_what_pages_were_served_is_counted(gateway: Gateway) -> None:
    await gateway.search.Search(shoes())
    gateway.reranker.trouble = failing(Unavailable("down"))
    await gateway.search.Search(shoes())
    with pytest.raises(InvalidRequest):
        await gateway.search.Search(shoes(page_size=1_000))
    assert gateway.search.counts == {
        "pages": 2,
        "pages.TIER_RERANKED": 1,
        "pages.TIER_FUSED": 1,
        "degraded.reranker: down": 1,
        "errors.InvalidRequest": 1,
    }
