"""Search on the wire: one page, within its deadline, from whatever answers in time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aisle.v1.search_pb2 import SearchRequest, SearchResponse, Tier
from aisle.v1.search_pb2_grpc import SearchServiceServicer
from services.gateway import validation
from services.gateway.config import GatewayConfig
from services.gateway.peer import peer_of
from services.gateway.ports import Embedding, Reranker, Retrieval
from services.gateway.search.budget import Budget
from services.gateway.search.page import facets, served_by
from services.gateway.search.page_parts import PageParts
from services.gateway.search.page_token import PageToken
from services.gateway.search.ranked_window import RankedWindow
from services.gateway.search.ranking import Ranking
from services.gateway.signatures import Signatures
from shared.cache import Cache
from shared.errors import AisleError, Overloaded, SnapshotGone
from shared.events.log import EventLog
from shared.rpc.prompt_server import since_arrival_ms
from shared.stage import asker


class SearchService(SearchServiceServicer):
    def __init__(  # noqa: PLR0913  (what a page is made of)
        self,
        embedding: Embedding,
        retrieval: Retrieval,
        reranker: Reranker,
        log: EventLog,
        config: GatewayConfig,
        signatures: Signatures,
        shared_windows: Cache | None = None,
    ) -> None:
        """`shared_windows` is where gateways find each other's ranked windows; None.

        Nobody else has any.
        """
        self.parts = PageParts.of(retrieval, log, config, signatures, shared_windows)
        self._ranking = Ranking(embedding, retrieval, reranker, config.window_size, config.deadline_ms)
        # Pages, pages.<tier>, errors.<kind>, degraded.<stage>
        self._counts: Counter[str] = Counter()

    async def Search(self, request: SearchRequest, context: Any = None) -> SearchResponse:
        """See protos/aisle/v1/search.proto."""
        budget = Budget(request.deadline_ms or self.parts.config.deadline_ms, since_arrival_ms())
        peer = peer_of(context)
        asker.set(peer)
        request = validation.read_part(request)
        try:
            validation.check(request)
            token = self.parts.token(_searched(request), request.page_token)
            # Before the query's spelling is looked at
            await self.parts.visible(request.wait_for_visible, budget, peer)
            async with self.parts.admission.admitted(budget.left_ms(), peer):
                response = await self._search(request, token, budget)
        except AisleError as error:
            self._counts[f"errors.{type(error).__name__}"] += 1
            if isinstance(error, Overloaded):
                error.retry_after_ms = self.parts.admission.retry_after_ms(peer)
            raise
        self._count(response)
        return response

    def counts(self) -> Mapping[str, int]:
        """Pages and impressions since the start, by the names of GetStatusResponse.counts."""
        return {**self._counts, **self.parts.counts()}

    async def close(self) -> None:
        """Hand the impressions that are still here to the log."""
        await self.parts.impressions.close()

    async def _search(self, request: SearchRequest, token: PageToken, budget: Budget) -> SearchResponse:
        try:
            return await self._page(request, token, budget)
        except SnapshotGone:  # a new snapshot came in between: rank again
            budget.degraded.clear()
            return await self._page(request, token, budget, last_try=True)

    async def _page(
        self, request: SearchRequest, token: PageToken, budget: Budget, last_try: bool = False
    ) -> SearchResponse:
        window = None if last_try or not token.query_id else await self.parts.windows.get(token.query_id)
        if window is None:
            window = await self._ranking.rank(request, budget, last_try)
            query_id = token.query_id or self.parts.new_query_id(window.message.query, request.visitor_id)
            token = replace(token, query_id=query_id)
            self.parts.windows.keep(token.query_id, window)
        else:
            budget.degraded.extend(window.message.degraded)
        places = range(len(window))[token.offset : token.offset + validation.page_size(request)]
        response = await self.parts.pages.results(request, window, places, budget, last_try)
        places = places[: len(response.results)]
        if self.parts.config.log_impressions and not request.unlogged:
            self.parts.impressions.publish(request, token.query_id, window, places)
        _complete(response, request, token, budget, window)
        response.next_page_token = self.parts.next_page_token(token, len(response.results), len(window))
        return response

    def _count(self, response: SearchResponse) -> None:
        self._counts["pages"] += 1
        self._counts[f"pages.{Tier.Name(response.served_by.tier)}"] += 1
        # Notes have numbers in them
        stages = {note.partition(":")[0] for note in response.served_by.degraded}
        self._counts.update(f"degraded.{stage}" for stage in stages)


def _searched(request: SearchRequest) -> bytes:
    """What makes it this search and no other, whichever of its pages is asked for."""
    asked = SearchRequest(
        query=request.query,
        visitor_id=request.visitor_id,
        user_id=request.user_id,
        filters=request.filters,
        where=request.where,
        facets=request.facets,
        order_by=request.order_by,
        currency_code=request.currency_code,
        max_tier=request.max_tier,
        explain=request.explain,
        language_code=request.language_code,
    )
    return asked.SerializeToString(deterministic=True)


def _complete(
    response: SearchResponse,
    request: SearchRequest,
    token: PageToken,
    budget: Budget,
    window: RankedWindow,
) -> None:
    """All but the results, which are in it already, and the next page's token."""
    rest = SearchResponse(
        query_id=token.query_id,
        total_count=window.message.total_count,
        facets=facets(window, budget),
        corrected_query=window.message.query if window.message.corrected else "",
        experiments=request.experiment_ids,
    )
    response.MergeFrom(rest)
    response.served_by.CopyFrom(served_by(window, budget))
