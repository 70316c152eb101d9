"""The results of a page, from a ranked window and from the match set behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from services.gateway import validation
from services.gateway.search.absences import Absences
from services.gateway.search.budget import Budget
from services.gateway.search.page import Pages
from services.gateway.search.page_token import PageToken
from services.gateway.search.ranked_window import RankedWindow
from services.gateway.search.ranked_windows import RankedWindows
from services.gateway.search.ranking import REST_SIZE, Ranking
from shared.errors import SnapshotGone

_AFTER = 10  # last products of the part before, from which retrieval finds the next one's place


@dataclass
class Listed:
    """The results of a page."""

    response: SearchResponse = field(default_factory=SearchResponse)  # has results only
    parts: list[tuple[RankedWindow, range]] = field(default_factory=list)  # windows, places in them
    more: bool = True  # whether further results follow
    is_cut: bool = False  # some places have no result, because the message would be too large

    def add(self, window: RankedWindow, places: range, found: SearchResponse) -> int:
        """Append the results at some places. Returns how many."""
        count = len(found.results)
        self.is_cut = count < len(places)
        if count:
            self.response.results.extend(found.results)
            self.parts.append((window, places[:count]))
        return count


class Listing:
    """Cuts pages out of ranked windows.

    A window has the products that were ranked closely. The rest of the match set follows in parts,
    by popularity or in the requested order. Each part is kept beside the window.
    """

    def __init__(self, pages: Pages, windows: RankedWindows, ranking: Ranking, absences: Absences) -> None:
        self._pages = pages
        self._absences = absences
        self._windows = windows
        self._ranking = ranking

    async def page(
        self,
        request: SearchRequest,
        token: PageToken,
        window: RankedWindow,
        budget: Budget,
        last_try: bool = False,
    ) -> Listed:
        """The results at the token's place.

        Raises SnapshotGone if the window's rows can no longer be read. Then rank again, and call
        it with `last_try`.
        """
        listed = await within(self._pages, request, token, window, budget, last_try)
        at = token.offset + len(listed.response.results)
        end = token.offset + validation.page_size(request)
        listed.more = at < len(window) or _size(window) > len(window) > 0
        while len(window) <= at < end and listed.more and not listed.is_cut:
            behind = range(at - len(window), end - len(window))
            count = await self._add_rest(listed, request, token, window, behind, budget)
            listed.more = listed.more and count > 0
            at += count
        if request.why_not:
            absences = await self._absences.of(request, window, listed.response.results, budget)
            listed.response.absences.extend(absences)
        return listed

    async def _add_rest(  # noqa: PLR0913 - a page, its window, and places behind it
        self,
        listed: Listed,
        request: SearchRequest,
        token: PageToken,
        window: RankedWindow,
        behind: range,
        budget: Budget,
    ) -> int:
        """Append results of one part, at places `behind` the window. Returns how many."""
        number = behind.start // REST_SIZE
        places = slice(behind.start - number * REST_SIZE, behind.stop - number * REST_SIZE)
        try:
            part = await self._part(request, token, window, number, budget)
            within = range(len(part))[places]
            found = await self._pages.results(request, part, within, budget)
        except SnapshotGone:  # a new snapshot came in between
            part = await self._part(request, token, window, number, budget, anew=True)
            within = range(len(part))[places]
            found = await self._pages.results(request, part, within, budget, last_try=True)
        count = listed.add(part, within, found)
        listed.more = part.message.total_count > behind.start + count
        return count

    async def _part(  # noqa: PLR0913 - see _add_rest
        self,
        request: SearchRequest,
        token: PageToken,
        window: RankedWindow,
        number: int,
        budget: Budget,
        anew: bool = False,
    ) -> RankedWindow:
        """The part of the rest with that number, from 0."""
        kept = None if anew else await self._windows.get(_name(token, number))
        if kept is not None:
            return kept
        earlier = await self._windows.get(_name(token, number - 1)) if number else None
        after = earlier.message.product_ids[-_AFTER:] if earlier else ()
        before = number * REST_SIZE
        part = await self._ranking.rest(request, budget, window, before, after, last_try=anew)
        self._windows.keep(_name(token, number), part)
        return part


async def within(  # noqa: PLR0913 - a page, and the window it is cut from
    pages: Pages,
    request: SearchRequest,
    token: PageToken,
    window: RankedWindow,
    budget: Budget,
    last_try: bool = False,
) -> Listed:
    """The results at the token's place, from a ranked window alone. Raises like Listing.page."""
    listed = Listed()
    end = token.offset + validation.page_size(request)
    places = range(len(window))[token.offset : end]
    found = await pages.results(request, window, places, budget, last_try)
    listed.more = token.offset + listed.add(window, places, found) < len(window)
    return listed


def _size(window: RankedWindow) -> int:
    """The number of products in the window and the rest."""
    return window.message.total_count + window.message.related_count


def _name(token: PageToken, number: int) -> str:
    return f"{token.query_id}/{number}"
