"""The steps from a request to its page, the same for searches and recommendations.

These are checks, admission, the ranked window, products and impressions.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from services.gateway import validation
from services.gateway.peer import peer_of
from services.gateway.search.budget import Budget
from services.gateway.search.listing import Listing, within
from services.gateway.search.page import facets, served_by
from services.gateway.search.page_parts import PageParts
from services.gateway.search.page_token import PageToken
from services.gateway.search.page_workers import PageCall
from services.gateway.search.ranked_window import RankedWindow
from shared.errors import AisleError, Overloaded, SnapshotGone
from shared.rpc.prompt_server import since_arrival_ms
from shared.stage import asker

Request = TypeVar("Request", SearchRequest, RecommendRequest)


@dataclass(frozen=True)
class PageKind(Generic[Request]):
    """The steps that differ between searches and recommendations."""

    check: Callable[[Request], None]  # raises InvalidRequest naming the field at fault
    as_search: Callable[[Request], SearchRequest]  # the fields that the request shares with a search
    identity: Callable[[Request], bytes]  # equal for all pages of a list
    # Takes the budget, and whether it is the last try, like Ranking.rank
    rank: Callable[[Request, Budget, bool], Awaitable[RankedWindow]]


class PageFlow(Generic[Request]):
    """Makes pages of one kind. Their limits are those of `parts`."""

    def __init__(self, parts: PageParts, kind: PageKind[Request], listing: Listing | None = None) -> None:
        """`listing` continues behind the ranked window. If None, pages end with the window."""
        self._parts = parts
        self._listing = listing
        self._kind: PageKind[Request] = kind
        # errors.<kind> and degraded.<stage>; each service adds its pages
        self.counts: Counter[str] = Counter()

    async def page(self, request: Request, context: Any = None) -> SearchResponse:
        """The requested page.

        Raises InvalidRequest, Overloaded, Unavailable, and the errors of its kind's ranking.
        """
        return await self.page_for(request, peer_of(context), since_arrival_ms())

    async def page_for(self, request: Request, peer: str, spent_ms: float) -> SearchResponse:
        """The page for a peer, `spent_ms` of whose deadline have passed. Raises as `page` does."""
        budget = Budget(request.deadline_ms or self._parts.config.deadline_ms, spent_ms)
        asker.set(peer)
        try:
            if not request.wait_for_visible:
                self._parts.admission.refuse_if_late(budget.left_ms(), peer)
            self._kind.check(request)
            token = self._parts.token(self._kind.identity(request), request.page_token)
            # Before the query is analysed
            await self._parts.visible(request.wait_for_visible, budget, peer)
            async with self._parts.admission.admitted(budget.left_ms(), peer):
                response = await self._by_worker(request, token, budget, peer)
                if response is None:
                    response = await self._ranked_page(request, token, budget)
        except AisleError as error:
            self.counts[f"errors.{type(error).__name__}"] += 1
            if isinstance(error, Overloaded):
                error.retry_after_ms = self._parts.admission.retry_after_ms(peer)
            raise
        # Notes contain numbers, which counts must not have in their names
        stages = {note.partition(":")[0] for note in response.served_by.degraded}
        self.counts.update(f"degraded.{stage}" for stage in stages)
        return response

    async def _by_worker(
        self, request: Request, token: PageToken, budget: Budget, peer: str
    ) -> SearchResponse | None:
        """The page, if another process makes it. None: make it here."""
        workers = self._parts.workers
        if workers is None:
            return None
        return await workers.page(request, PageCall(token.query_id, budget, peer))

    async def _ranked_page(
        self,
        request: Request,
        token: PageToken,
        budget: Budget,
    ) -> SearchResponse:
        try:
            return await self._page(request, token, budget)
        except SnapshotGone:  # a new snapshot came in between: rank again
            budget.degraded.clear()
            return await self._page(request, token, budget, last_try=True)

    async def _page(
        self, request: Request, token: PageToken, budget: Budget, last_try: bool = False
    ) -> SearchResponse:
        parts = self._parts
        search = self._kind.as_search(request)
        window = None if last_try or not token.query_id else await parts.windows.get(token.query_id)
        if window is None:
            window = await self._kind.rank(request, budget, last_try)
            query = window.message.query
            query_id = token.query_id or parts.new_query_id(query, request.visitor_id)
            token = replace(token, query_id=query_id)
            parts.windows.keep(token.query_id, window)
        else:
            budget.degraded.extend(window.message.degraded)
        if self._listing is None:
            listed = await within(parts.pages, search, token, window, budget, last_try)
        else:
            listed = await self._listing.page(search, token, window, budget, last_try)
        if parts.config.log_impressions and not request.unlogged:
            for part, places in listed.parts or [(window, range(0))]:
                parts.impressions.publish(search, token.query_id, part, places)
        response = listed.response
        shown = len(response.results)
        response.MergeFrom(_frame(search, token, window, budget))
        ranked = listed.parts[0][0] if listed.parts else window
        response.served_by.CopyFrom(served_by(ranked, budget))  # last: facets may be left out
        response.served_by.notes.extend(validation.notes(search))
        known = token.offset + shown + listed.more
        response.next_page_token = parts.next_page_token(token, shown, known)
        return response


def _frame(search: SearchRequest, token: PageToken, window: RankedWindow, budget: Budget) -> SearchResponse:
    """The response without results, served_by and next_page_token."""
    return SearchResponse(
        query_id=token.query_id,
        total_count=window.message.total_count,
        facets=facets(window, budget),
        related_count=window.message.related_count,
        corrected_query=window.message.shown_query if window.message.corrected else "",
        suggested_query=window.message.suggested_query,
        relaxation=window.message.relaxation if window.message.HasField("relaxation") else None,
        reading=window.message.reading,
        experiments=search.experiment_ids,
    )
