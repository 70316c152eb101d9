"""Makes pages in a worker, as the first process asks."""

from __future__ import annotations

from typing import Any

from aisle.v1.worker_pb2 import MakePageRequest, MakePageResponse
from aisle.v1.worker_pb2_grpc import (
    PageWorkerServiceServicer,
    add_PageWorkerServiceServicer_to_server,
)
from services.gateway.recommend.recommend_service import RecommendService
from services.gateway.search.search_service import SearchService
from services.standalone.workers.collected_impressions import CollectedImpressions
from shared.errors import InvalidRequest
from shared.rpc.prompt_server import since_arrival_ms
from shared.rpc.server import Register


class PageMaker(PageWorkerServiceServicer):
    """Of one page worker."""

    def __init__(
        self, search: SearchService, recommend: RecommendService, impressions: CollectedImpressions
    ) -> None:
        self._search = search
        self._recommend = recommend
        self._impressions = impressions

    async def MakePage(self, request: MakePageRequest, context: Any = None) -> MakePageResponse:
        """See protos/aisle/v1/worker.proto."""
        self._impressions.begin()
        spent_ms = request.spent_ms + since_arrival_ms()
        if request.HasField("search"):
            page = await self._search.flow.page_for(request.search, request.peer, spent_ms)
        elif request.HasField("recommend"):
            page = await self._recommend.flow.page_for(request.recommend, request.peer, spent_ms)
        else:
            raise InvalidRequest("request", "is missing; send a search or a recommendation")
        return MakePageResponse(page=page, impressions=self._impressions.taken())


def page_maker_servicer(
    search: SearchService, recommend: RecommendService, impressions: CollectedImpressions
) -> tuple[str, Register, PageMaker]:
    """(full name, register function, servicer), as a server expects them."""
    name = "aisle.v1.PageWorkerService"
    return name, add_PageWorkerServiceServicer_to_server, PageMaker(search, recommend, impressions)
