"""Makes pages in a worker, as the first process asks."""

from __future__ import annotations

import time

from aisle.v1.worker_pb2 import MakePageRequest, MakePageResponse
from services.gateway.recommend.recommend_service import RecommendService
from services.gateway.search.search_service import SearchService
from services.standalone.workers.collected_impressions import CollectedImpressions
from shared.errors import InvalidRequest


class PageMaker:
    """Of one page worker."""

    def __init__(
        self, search: SearchService, recommend: RecommendService, impressions: CollectedImpressions
    ) -> None:
        self._search = search
        self._recommend = recommend
        self._impressions = impressions

    async def make(self, body: bytes) -> bytes:
        """The MakePageResponse to a MakePageRequest. Raises AisleErrors as a page does."""
        request = MakePageRequest.FromString(body)
        self._impressions.begin()
        spent_ms = (time.monotonic() - request.began_at_seconds) * 1e3
        if request.HasField("search"):
            page = await self._search.flow.page_for(request.search, request.peer, spent_ms)
        elif request.HasField("recommend"):
            page = await self._recommend.flow.page_for(request.recommend, request.peer, spent_ms)
        else:
            raise InvalidRequest("request", "is missing; send a search or a recommendation")
        return MakePageResponse(page=page, impressions=self._impressions.taken()).SerializeToString()
