"""Recommendations on the wire: one page, within its deadline, from whatever answers in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aisle.v1.recommend_pb2 import RecommendRequest, RecommendResponse
from aisle.v1.recommend_pb2_grpc import RecommendServiceServicer
from services.gateway import validation
from services.gateway.peer import peer_of
from services.gateway.ports import Reranker, Retrieval
from services.gateway.recommend import request_check
from services.gateway.recommend.recommending import Recommending
from services.gateway.recommend.request_check import as_search
from services.gateway.search.budget import Budget
from services.gateway.search.page import served_by
from services.gateway.search.page_parts import PageParts
from services.gateway.search.page_token import PageToken
from shared.errors import AisleError, Overloaded, SnapshotGone
from shared.rpc.prompt_server import since_arrival_ms
from shared.stage import asker


class RecommendService(RecommendServiceServicer):
    def __init__(self, retrieval: Retrieval, reranker: Reranker, parts: PageParts) -> None:
        """`parts` are those of the gateway's searches."""
        self._parts = parts
        self._recommending = Recommending(retrieval, reranker, parts.config.deadline_ms)
        # Pages.<placement>, errors.<kind>, degraded.<stage>
        self._counts: Counter[str] = Counter()

    async def Recommend(self, request: RecommendRequest, context: Any = None) -> RecommendResponse:
        """See protos/aisle/v1/recommend.proto."""
        budget = Budget(request.deadline_ms or self._parts.config.deadline_ms, since_arrival_ms())
        peer = peer_of(context)
        asker.set(peer)
        try:
            request_check.check(request)
            token = self._parts.token(_asked(request), request.page_token)
            await self._parts.visible(request.wait_for_visible, budget, peer)
            async with self._parts.admission.admitted(budget.left_ms(), peer):
                response = await self._recommend(request, token, budget)
        except AisleError as error:
            self._counts[f"errors.{type(error).__name__}"] += 1
            if isinstance(error, Overloaded):
                error.retry_after_ms = self._parts.admission.retry_after_ms(peer)
            raise
        self._count(request, response)
        return response

    def counts(self) -> Mapping[str, int]:
        """Pages since the start, by the names of GetStatusResponse.counts."""
        return {f"recommend.{name}": count for name, count in self._counts.items()}

    async def _recommend(
        self, request: RecommendRequest, token: PageToken, budget: Budget
    ) -> RecommendResponse:
        try:
            return await self._page(request, token, budget)
        except SnapshotGone:  # a new snapshot came in between: rank again
            budget.degraded.clear()
            return await self._page(request, token, budget, last_try=True)

    async def _page(
        self, request: RecommendRequest, token: PageToken, budget: Budget, last_try: bool = False
    ) -> RecommendResponse:
        parts = self._parts
        search = as_search(request)
        window = None if last_try or not token.query_id else await parts.windows.get(token.query_id)
        if window is None:
            window = await self._recommending.rank(request, budget, last_try)
            query_id = token.query_id or parts.new_query_id("", request.visitor_id)
            token = replace(token, query_id=query_id)
            parts.windows.keep(token.query_id, window)
        else:
            budget.degraded.extend(window.message.degraded)
        places = range(len(window))[token.offset : token.offset + validation.page_size(search)]
        page = await parts.pages.results(search, window, places, budget, last_try)
        count = len(page.results)
        served = served_by(window, budget)
        served.notes.extend(validation.notes(search))
        if parts.config.log_impressions and not request.unlogged:
            parts.impressions.publish(search, token.query_id, window, places[:count])
        return RecommendResponse(
            query_id=token.query_id,
            results=page.results,
            next_page_token=parts.next_page_token(token, count, len(window)),
            served_by=served,
            experiments=request.experiment_ids,
        )

    def _count(self, request: RecommendRequest, response: RecommendResponse) -> None:
        self._counts[f"pages.{request.placement}"] += 1
        # Notes have numbers in them
        stages = {note.partition(":")[0] for note in response.served_by.degraded}
        self._counts.update(f"degraded.{stage}" for stage in stages)


def _asked(request: RecommendRequest) -> bytes:
    """What makes it this page and no other, whichever part of it is asked for."""
    asked = RecommendRequest()
    asked.CopyFrom(request)
    for field in ("page_size", "page_token", "deadline_ms", "session_id", "wait_for_visible", "unlogged"):
        asked.ClearField(field)
    asked.ClearField("experiment_ids")
    return asked.SerializeToString(deterministic=True)
