"""Pages that go without one stage or the other."""

import asyncio
import time

import pytest

from aisle.v1.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse
from aisle.v1.search_pb2 import TIER_FUSED, TIER_LEXICAL
from shared.errors import InvalidRequest, SnapshotGone, Unavailable
from tests.unit.gateway.conftest import Gateway, failing, none, too_long
from tests.unit.gateway.shoes import FUSED, RERANKED, ids, shoes


async def test_a_late_reranker_leaves_the_fused_order(gateway: Gateway) -> None:
    gateway.reranker.trouble = too_long
    start = time.perf_counter()
    page = await gateway.search.Search(shoes())
    assert time.perf_counter() - start < 1  # and not the 30 seconds that the reranker takes
    assert ids(page) == FUSED
    assert (page.served_by.tier, list(page.served_by.degraded)) == (
        TIER_FUSED,
        ["reranker: deadline"],
    )


async def test_an_absent_reranker_leaves_the_fused_order(gateway: Gateway) -> None:
    gateway.reranker.trouble = failing(Unavailable("connection refused"))
    page = await gateway.search.Search(shoes())
    assert ids(page) == FUSED
    assert list(page.served_by.degraded) == ["reranker: connection refused"]


async def test_what_the_reranker_rejects_is_not_the_callers_fault(gateway: Gateway) -> None:
    gateway.reranker.trouble = failing(InvalidRequest("encoding.states", "has 5 bytes"))
    page = await gateway.search.Search(shoes())
    assert (ids(page), list(page.served_by.degraded)) == (
        FUSED,
        ["reranker: encoding.states: has 5 bytes"],
    )


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


async def test_a_stage_that_names_itself_is_named_once(gateway: Gateway) -> None:
    gateway.reranker.trouble = failing(Unavailable("reranker: 9 requests wait already"))
    page = await gateway.search.Search(shoes())
    assert list(page.served_by.degraded) == ["reranker: 9 requests wait already"]


async def test_only_lateness_is_answered_with_a_longer_deadline(gateway: Gateway) -> None:
    gateway.retrieval.trouble = failing(Unavailable("no snapshot is open yet; index a catalogue first"))
    with pytest.raises(
        Unavailable, match=r"^retrieval: no snapshot is open yet; index a catalogue first; retry$"
    ):
        await gateway.search.Search(shoes())
    gateway.retrieval.trouble = too_long
    with pytest.raises(Unavailable, match=r"^retrieval: deadline; retry, with a longer deadline_ms"):
        await gateway.search.Search(shoes())


async def test_a_reranker_that_loses_candidates_is_not_believed(gateway: Gateway) -> None:
    gateway.reranker.Rerank = _loses_one(gateway)  # type: ignore[assignment,method-assign]
    page = await gateway.search.Search(shoes())
    assert ids(page) == FUSED
    assert list(page.served_by.degraded) == ["reranker: its order does not fit the candidates"]


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
        await asyncio.sleep(0.45)

    gateway.reranker.trouble = a_little_too_long
    assert ids(await gateway.search.Search(shoes())) == FUSED
    gateway.reranker.trouble = none
    await asyncio.sleep(0.1)
    assert ids(await gateway.search.Search(shoes())) == RERANKED
