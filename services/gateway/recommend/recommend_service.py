"""Recommendations on the wire: one page within its deadline, from the stages that answer in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aisle.v1.recommend_pb2 import RecommendRequest, RecommendResponse
from aisle.v1.recommend_pb2_grpc import RecommendServiceServicer
from services.gateway.ports import Reranker, Retrieval
from services.gateway.recommend import request_check
from services.gateway.recommend.recommending import Recommending
from services.gateway.search.page_flow import PageFlow, PageKind
from services.gateway.search.page_parts import PageParts


class RecommendService(RecommendServiceServicer):
    def __init__(self, retrieval: Retrieval, reranker: Reranker, parts: PageParts) -> None:
        """`parts` are those of the gateway's searches."""
        recommending = Recommending(retrieval, reranker, parts.config.deadline_ms)
        kind = PageKind(request_check.check, request_check.as_search, _identity, recommending.rank)
        self.flow = PageFlow[RecommendRequest](parts, kind)
        # The flow's counts, and pages.<placement>
        self._counts = self.flow.counts

    async def Recommend(self, request: RecommendRequest, context: Any = None) -> RecommendResponse:
        """See protos/aisle/v1/recommend.proto."""
        page = await self.flow.page(request, context)
        self._counts[f"pages.{request.placement}"] += 1
        return RecommendResponse(
            query_id=page.query_id,
            results=page.results,
            next_page_token=page.next_page_token,
            served_by=page.served_by,
            experiments=page.experiments,
        )

    def counts(self) -> Mapping[str, int]:
        """Pages since the start, by the names of GetStatusResponse.counts."""
        return {f"recommend.{name}": count for name, count in self._counts.items()}


def _identity(request: RecommendRequest) -> bytes:
    """The fields that must be equal in the requests for all pages of a list."""
    identity = RecommendRequest()
    identity.CopyFrom(request)
    for field in ("page_size", "page_token", "deadline_ms", "session_id", "wait_for_visible", "unlogged"):
        identity.ClearField(field)
    identity.ClearField("experiment_ids")
    return identity.SerializeToString(deterministic=True)
