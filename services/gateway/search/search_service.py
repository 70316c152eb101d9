"""Search on the wire: one page, within its deadline, from whatever answers in time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aisle.v1.search_pb2 import SearchRequest, SearchResponse, ServedBy, Tier
from aisle.v1.search_pb2_grpc import SearchServiceServicer
from services.gateway import validation
from services.gateway.admission import Admission
from services.gateway.config import GatewayConfig
from services.gateway.peer import peer_of
from services.gateway.ports import Embedding, Reranker, Retrieval
from services.gateway.search import page_token
from services.gateway.search.budget import Budget
from services.gateway.search.impressions import Impressions
from services.gateway.search.page import Pages, facets
from services.gateway.search.page_token import PageToken
from services.gateway.search.ranked_window import RankedWindow
from services.gateway.search.ranking import Ranking
from services.gateway.search.windows import MemoryWindows, SharedWindows, Windows
from services.gateway.signatures import Signatures
from services.gateway.signed_query_id import signed
from services.gateway.visibility import Visibility
from shared.cache import Cache
from shared.errors import AisleError, Overloaded, SnapshotGone
from shared.events.log import EventLog
from shared.query_ids import new_query_id
from shared.rpc.prompt_server import since_arrival_ms
from shared.stage import asker

_WAIT_SHARE = 0.8  # of the deadline, what a wait for a write may take


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
        self._default_deadline_ms = config.deadline_ms
        self._signatures = signatures
        self._admission = Admission(config.max_in_flight, config.max_waiting)
        self._visibility = Visibility(log, retrieval)
        self._ranking = Ranking(embedding, retrieval, reranker, config.window_size, config.deadline_ms)
        self._pages = Pages(retrieval, config.deadline_ms)
        mine = MemoryWindows(config.max_windows, config.max_window_bytes, config.window_ttl_seconds)
        self._windows: Windows = SharedWindows(mine, shared_windows) if shared_windows else mine
        self._logs_impressions = config.log_impressions
        self._impressions = Impressions(log, config.max_waiting_impressions)
        # Pages, pages.<tier>, errors.<kind>, degraded.<stage>
        self._counts: Counter[str] = Counter()

    async def Search(self, request: SearchRequest, context: Any = None) -> SearchResponse:
        """See protos/aisle/v1/search.proto."""
        budget = Budget(request.deadline_ms or self._default_deadline_ms, since_arrival_ms())
        peer = peer_of(context)
        asker.set(peer)
        request = validation.read_part(request)
        try:
            validation.check(request)
            token = self._token(request)
            await self._shown(request, budget, peer)
            async with self._admission.admitted(budget.left_ms(), peer):
                response = await self._search(request, token, budget)
        except AisleError as error:
            self._counts[f"errors.{type(error).__name__}"] += 1
            if isinstance(error, Overloaded):
                error.retry_after_ms = self._admission.retry_after_ms(peer)
            raise
        self._count(response)
        return response

    def counts(self) -> Mapping[str, int]:
        """Pages and impressions since the start, by the names of GetStatusResponse.counts."""
        impressions = self._impressions.counts
        return {
            **self._counts,
            **{f"impressions.{name}": count for name, count in impressions.items()},
        }

    async def close(self) -> None:
        """Hand the impressions that are still here to the log."""
        await self._impressions.close()

    def _token(self, request: SearchRequest) -> PageToken:
        """Where to go on; the start of a new search, which has no name yet, without a token."""
        digest = page_token.digest(_searched(request).SerializeToString(deterministic=True))
        if request.page_token:
            return page_token.decode(request.page_token, digest, self._signatures)
        return PageToken("", 0, digest)

    async def _shown(self, request: SearchRequest, budget: Budget, peer: str) -> None:
        """Return once the write that the page must show is shown.

        Before the query's spelling is looked at.
        """
        if request.wait_for_visible:
            with budget.timed("visible"):
                await self._visibility.shown(request.wait_for_visible, budget.left_ms() * _WAIT_SHARE, peer)

    async def _search(self, request: SearchRequest, token: PageToken, budget: Budget) -> SearchResponse:
        try:
            return await self._page(request, token, budget)
        except SnapshotGone:  # a new snapshot came in between: rank again
            budget.degraded.clear()
            return await self._page(request, token, budget, last_try=True)

    async def _page(
        self, request: SearchRequest, token: PageToken, budget: Budget, last_try: bool = False
    ) -> SearchResponse:
        window = None if last_try or not token.query_id else await self._windows.get(token.query_id)
        if window is None:
            window = await self._ranking.rank(request, budget, last_try)
            query_id = token.query_id or self._new_query_id(window.message.query, request.visitor_id)
            token = replace(token, query_id=query_id)
            self._windows.keep(token.query_id, window)
        else:
            budget.degraded.extend(window.message.degraded)
        places = range(len(window))[token.offset : token.offset + validation.page_size(request)]
        response = await self._pages.results(request, window, places, budget, last_try)
        places = places[: len(response.results)]
        if self._logs_impressions and not request.unlogged:
            self._impressions.publish(request, token.query_id, window, places)
        _complete(response, request, token, budget, window)
        response.next_page_token = self._next_page_token(token, len(response.results), len(window))
        return response

    def _next_page_token(self, token: PageToken, shown_count: int, window_count: int) -> str:
        """Empty on the last page."""
        offset = token.offset + shown_count
        if not shown_count or offset >= window_count:
            return ""
        return page_token.encode(replace(token, offset=offset), self._signatures)

    def _new_query_id(self, query: str, visitor_id: str) -> str:
        return signed(new_query_id(query), visitor_id, self._signatures)

    def _count(self, response: SearchResponse) -> None:
        self._counts["pages"] += 1
        self._counts[f"pages.{Tier.Name(response.served_by.tier)}"] += 1
        # Notes have numbers in them
        stages = {note.partition(":")[0] for note in response.served_by.degraded}
        self._counts.update(f"degraded.{stage}" for stage in stages)


def _searched(request: SearchRequest) -> SearchRequest:
    """What makes it this search and no other, whichever of its pages is asked for."""
    return SearchRequest(
        query=request.query,
        visitor_id=request.visitor_id,
        user_id=request.user_id,
        filters=request.filters,
        facets=request.facets,
        order_by=request.order_by,
        max_tier=request.max_tier,
        explain=request.explain,
        language_code=request.language_code,
    )


def _complete(
    response: SearchResponse,
    request: SearchRequest,
    token: PageToken,
    budget: Budget,
    window: RankedWindow,
) -> None:
    """All but the results, which are in it already, and the next page's token."""
    budget.stage_ms["total"] = budget.elapsed_ms()
    rest = SearchResponse(
        query_id=token.query_id,
        total_count=window.message.total_count,
        facets=facets(window, budget),
        corrected_query=window.message.query if window.message.corrected else "",
        served_by=ServedBy(
            tier=window.message.tier,
            degraded=budget.degraded,
            snapshot_version=window.message.snapshot_version,
            bundle_version=window.message.bundle_version,
            stage_ms=budget.stage_ms,
            log_position=window.message.log_position,
            notes=window.message.notes,
        ),
        experiments=request.experiment_ids,
    )
    response.MergeFrom(rest)
