"""Pages that other processes make, after this one has checked and admitted them."""

import pytest

from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.search_pb2 import TIER_RERANKED, SearchRequest, SearchResponse, ServedBy
from services.gateway.recommend.recommend_service import RecommendService
from services.gateway.search.page_workers import PageCall
from shared.errors import InvalidRequest
from tests.unit.gateway.conftest import Gateway


class Workers:
    """Make a page each, or leave it to this process."""

    def __init__(self, page: SearchResponse | None) -> None:
        self._page = page
        self.calls: list[PageCall] = []

    async def page(self, request: SearchRequest | RecommendRequest, call: PageCall) -> SearchResponse | None:
        self.calls.append(call)
        return self._page


MADE = SearchResponse(
    query_id="made elsewhere", served_by=ServedBy(tier=TIER_RERANKED, degraded=["features: late"])
)


async def test_a_page_of_a_worker_is_counted_like_any_other(gateway: Gateway) -> None:
    workers = gateway.search.parts.workers = Workers(MADE)
    page = await gateway.search.Search(SearchRequest(query="shoe"))
    assert page == MADE and not gateway.retrieval.requests
    counts = gateway.search.counts()
    assert counts["pages"] == counts["pages.TIER_RERANKED"] == counts["degraded.features"] == 1
    (call,) = workers.calls
    assert call.query_id == "" and call.budget.left_ms() > 0


async def test_what_they_leave_is_made_here(gateway: Gateway) -> None:
    workers = gateway.search.parts.workers = Workers(None)
    first = await gateway.search.Search(SearchRequest(query="shoe", page_size=2, deadline_ms=1_000))
    assert len(first.results) == 2
    request = SearchRequest(query="shoe", page_size=2, page_token=first.next_page_token, deadline_ms=1_000)
    await gateway.search.Search(request)
    assert [call.query_id for call in workers.calls] == ["", first.query_id]


async def test_a_faulty_request_is_not_handed_on(gateway: Gateway) -> None:
    workers = gateway.search.parts.workers = Workers(MADE)
    with pytest.raises(InvalidRequest, match="currency_code"):
        await gateway.search.Search(SearchRequest(query="shoe", currency_code="euro"))
    assert not workers.calls


async def test_recommendations_are_handed_on_too(gateway: Gateway) -> None:
    workers = gateway.search.parts.workers = Workers(MADE)
    recommend = RecommendService(gateway.retrieval, gateway.reranker, gateway.search.parts)
    page = await recommend.Recommend(RecommendRequest(placement="popular"))
    assert page.query_id == MADE.query_id and len(workers.calls) == 1
