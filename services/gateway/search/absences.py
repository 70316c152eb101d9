"""Accounts for products that are not on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aisle.v1.retrieval_pb2 import AccountForRequest, AccountForResponse
from aisle.v1.search_pb2 import (
    ABSENCE_REASON_ON_PAGE,
    ABSENCE_REASON_OTHER_PAGE,
    Absence,
    SearchRequest,
    SearchResult,
)
from services.gateway import validation
from services.gateway.ports import SearchRetrieval
from services.gateway.search.absence_sentences import sentence
from services.gateway.search.budget import Budget
from services.gateway.search.ranked_window import RankedWindow
from services.gateway.search.ranking import Ranking
from shared.stage import FAIR_SHARE, Missed, Stage

_SHARE = 0.9  # of the time that is left


class Absences:
    """Asks retrieval about the products that neither the page nor its ranked window has."""

    def __init__(self, retrieval: SearchRetrieval, ranking: Ranking, ordinary_ms: float) -> None:
        """`ordinary_ms` is the budget of an ordinary page, by which lateness is judged."""
        self._retrieval = retrieval
        self._ranking = ranking
        self._stage = Stage("why_not", fair_ms=ordinary_ms * FAIR_SHARE)

    async def of(
        self, request: SearchRequest, window: RankedWindow, results: Sequence[SearchResult], budget: Budget
    ) -> list[Absence]:
        """An account of each product of why_not. None, with a note, if there is no time."""
        shown = {result.product.product_id: result.position for result in results}
        ranked = {each: place for place, each in enumerate(window.message.product_ids, 1)}
        wanted = list(dict.fromkeys(request.why_not))
        others = [each for each in wanted if each not in shown and each not in ranked]
        try:
            with budget.timed("why_not"):
                found = await self._accounts(request, window, others, budget)
        except Missed as missed:
            budget.left_out(str(missed))
            return []
        words = (each.words for each in found.held)
        held = dict(zip((each.product_id for each in found.absences), words, strict=False))
        absences = {each.product_id: _placed(each, shown, ranked) for each in found.absences}
        for product_id in wanted:
            if position := shown.get(product_id):
                reason = ABSENCE_REASON_ON_PAGE
            elif position := ranked.get(product_id, 0):
                reason = ABSENCE_REASON_OTHER_PAGE
            else:
                continue
            absences[product_id] = Absence(product_id=product_id, reason=reason, position=position)
        near = _near(window)
        for each in absences.values():
            holds = held.get(each.product_id, ())
            each.sentence = sentence(each, holds, validation.page_size(request), each.product_id in near)
        return [absences[each] for each in wanted if each in absences]

    async def _accounts(
        self, request: SearchRequest, window: RankedWindow, product_ids: Sequence[str], budget: Budget
    ) -> AccountForResponse:
        if not product_ids:
            return AccountForResponse()
        search = await self._ranking.behind(request, budget, window)
        wanted = AccountForRequest(retrieve=search, product_ids=product_ids)
        limit_ms = budget.left_ms() * _SHARE
        return await self._stage.run(lambda: self._retrieval.AccountFor(wanted), limit_ms)


def _near(window: RankedWindow) -> set[str]:
    """The products of the window that are listed for their meaning alone."""
    pairs = zip(window.message.product_ids, window.message.by_meaning, strict=False)
    return {product_id for product_id, by_meaning in pairs if by_meaning}


def _placed(absence: Absence, shown: Mapping[str, int], ranked: Mapping[str, int]) -> Absence:
    """An account with the position in the whole ranking, in place of that behind the window."""
    placed = Absence()
    placed.CopyFrom(absence)
    other = absence.shown_product_id or absence.product_id
    if position := shown.get(other) or ranked.get(other):
        placed.position = position
    elif absence.position:
        placed.position = len(ranked) + absence.position
    return placed
