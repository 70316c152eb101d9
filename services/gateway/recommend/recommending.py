"""Ranks a window of products for a placement: propose, list candidates, rank.

Without proposals, products near by vector and those that fill up are left. Without the ranker,
retrieval's order stays.
"""

from __future__ import annotations

from aisle.v1 import window_pb2
from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.reranker_pb2 import (
    ProposeRequest,
    ProposeResponse,
    RankProposalsRequest,
    RerankResponse,
)
from aisle.v1.retrieval_pb2 import ListCandidatesRequest, ListCandidatesResponse
from aisle.v1.search_pb2 import TIER_DENSE
from services.gateway.filters.checking import requested
from services.gateway.ports import Reranker, Retrieval
from services.gateway.recommend.placements import PLACEMENTS
from services.gateway.search import ranked_window
from services.gateway.search.budget import Budget
from services.gateway.search.ranked_window import RankedWindow
from shared.errors import InvalidRequest, SnapshotGone
from shared.stage import FAIR_SHARE, Missed, Stage

_FETCH_SHARE = 0.1  # of the remaining budget, reserved for the page's products
_RERANKER_SHARE = 0.9  # of its limit, sent to the reranker, which stops before it is cut off
_LEAST_LISTED = 200  # candidates of a window, if so many exist; paging ends with them
_EXPLAINED = 100  # results of a window that get contributions and feature values


class Recommending:
    """Asks the services for a ranked window, within one budget."""

    def __init__(self, retrieval: Retrieval, reranker: Reranker, ordinary_ms: float) -> None:
        """`ordinary_ms` is the budget of an ordinary page, by which the services' lateness is
        judged.
        """
        fair_ms = ordinary_ms * (1 - _FETCH_SHARE) * FAIR_SHARE
        self._retrieval = retrieval
        self._reranker = reranker
        self._stages = {
            "proposals": Stage("proposals", fair_ms=fair_ms),
            "retrieval": Stage("retrieval", (InvalidRequest, SnapshotGone), fair_ms=fair_ms),
            "reranker": Stage("reranker", (SnapshotGone,), fair_ms=fair_ms),
        }

    async def rank(self, request: RecommendRequest, budget: Budget, last_try: bool = False) -> RankedWindow:
        """The window of the current snapshot.

        Raises Unavailable if retrieval fails, and SnapshotGone if the snapshot changed meanwhile.
        Then call it again with `last_try`, which goes without the ranker instead.
        """
        proposed = await self._propose(request, budget)
        listed = await self._list(request, proposed, budget)
        window = _listed_window(request, listed)
        if listed.rows:
            try:
                response = await self._rank(request, listed, budget)
            except SnapshotGone:
                if not last_try:
                    raise
                budget.left_out("reranker: the snapshot changed")
                response = None
            if response is not None:
                ranked_window.rerank(window, response)
        window.degraded[:] = budget.degraded
        return RankedWindow(window)

    async def _propose(self, request: RecommendRequest, budget: Budget) -> ProposeResponse:
        limit_ms = budget.left_ms() * (1 - _FETCH_SHARE) / 2
        wanted = ProposeRequest(
            placement=request.placement,
            product_ids=request.product_ids,
            visitor_id=request.visitor_id,
            session_id=request.session_id,
            limit=PLACEMENTS[request.placement].proposed,
            exclude_product_ids=request.exclude_product_ids,
            budget_ms=max(0.001, limit_ms * _RERANKER_SHARE),  # 0 would mean no limit
        )
        try:
            with budget.timed("propose"):
                response = await self._stages["proposals"].run(
                    lambda: self._reranker.Propose(wanted), limit_ms
                )
        except Missed as missed:
            budget.left_out(str(missed))
            ones = [1.0] * len(request.product_ids)
            return ProposeResponse(near_product_ids=request.product_ids, near_weights=ones)
        budget.note(response.stage_ms, response.degraded)
        return response

    async def _list(
        self, request: RecommendRequest, proposed: ProposeResponse, budget: Budget
    ) -> ListCandidatesResponse:
        placement = PLACEMENTS[request.placement]
        excluded = (request.product_ids, request.exclude_product_ids, proposed.exclude_product_ids)
        wanted = ListCandidatesRequest(
            product_ids=proposed.product_ids,
            near_product_ids=proposed.near_product_ids,
            near_weights=proposed.near_weights,
            near_limit=placement.near,
            order_by=placement.order_by,
            filters=requested(request.filters, request.where),
            exclude_product_ids=dict.fromkeys(each for ids in excluded for each in ids),
            limit=max(_LEAST_LISTED, placement.proposed),
            fill=placement.is_filled,
            # This may be another replica than the one that showed the write
            wait_for_visible=request.wait_for_visible,
            budget_ms=budget.left_ms() * (1 - _FETCH_SHARE),
        )
        with budget.timed("retrieve"):
            try:
                limit_ms = budget.left_ms() * (1 - _FETCH_SHARE)
                response = await self._stages["retrieval"].run(
                    lambda: self._retrieval.ListCandidates(wanted), limit_ms
                )
            except Missed as missed:
                raise missed.as_error() from missed
        budget.note(response.stage_ms)
        return response

    async def _rank(
        self, request: RecommendRequest, listed: ListCandidatesResponse, budget: Budget
    ) -> RerankResponse | None:
        limit_ms = budget.left_ms() * (1 - _FETCH_SHARE)
        wanted = _rank_request(request, listed, limit_ms)
        try:
            with budget.timed("rank"):
                answer = await self._stages["reranker"].run(
                    lambda: self._reranker.RankProposals(wanted), limit_ms
                )
        except Missed as missed:
            budget.left_out(str(missed))
            return None
        response: RerankResponse = answer.ranking
        if not ranked_window.is_order_of(response, len(listed.rows)):
            budget.left_out("reranker: its order does not fit the candidates")
            return None
        budget.note(response.stage_ms, response.degraded)
        return response


def _rank_request(
    request: RecommendRequest, listed: ListCandidatesResponse, limit_ms: float
) -> RankProposalsRequest:
    return RankProposalsRequest(
        placement=request.placement,
        product_ids=request.product_ids,
        visitor_id=request.visitor_id,
        session_id=request.session_id,
        snapshot_version=listed.snapshot_version,
        rows=listed.rows,
        dense_scores=listed.dense_scores,
        proposed_count=listed.proposed_count,
        budget_ms=max(0.001, limit_ms * _RERANKER_SHARE),
        explain_limit=_EXPLAINED if request.explain else 0,
        feature_limit=_EXPLAINED,
        explore=not request.unlogged,
    )


def _listed_window(request: RecommendRequest, listed: ListCandidatesResponse) -> window_pb2.RankedWindow:
    """The window in the order of retrieval."""
    count = len(listed.rows)
    near = range(listed.proposed_count, listed.proposed_count + listed.near_count)
    return window_pb2.RankedWindow(
        snapshot_version=listed.snapshot_version,
        tier=TIER_DENSE,
        rows=listed.rows,
        product_ids=listed.product_ids,
        relevance_scores=[count - place for place in range(count)],
        dense_ranks=[place - near.start + 1 if place in near else 0 for place in range(count)],
        notes=listed.notes,
        log_position=listed.log_position,
        placement=request.placement,
        seed_product_ids=request.product_ids,
    )
