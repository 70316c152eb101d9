"""Proposes and orders recommendations, from the product memory and the visitor's state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aisle.v1.reranker_pb2 import (
    ProposeRequest,
    ProposeResponse,
    RankProposalsRequest,
    RerankResponse,
)
from services.reranker.deadline import Deadline
from services.reranker.feature_reader import FeatureReader
from services.reranker.opened import OpenedRerankers
from services.reranker.query import Matrix
from services.reranker.recommending.diversity import (
    DIVERSE,
    LOOKED_AT,
    Order,
    by_score,
    diversified,
)
from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.exploring import EXPLORING, explored, wanted_for
from services.reranker.recommending.fatigue import TIRING, tired
from services.reranker.recommending.features import OnPage, Similarity, feature_matrix
from services.reranker.recommending.formula import Scores
from services.reranker.recommending.history import History
from services.reranker.recommending.known_visitor import KnownVisitor
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.proposals import propose
from services.reranker.recommending.ranker import RecommendRanker
from services.reranker.recommending.recommend_messages import (
    IN_ORDER,
    RankedProposals,
    response_of,
)
from services.reranker.reranker import Reranker
from services.reranker.snapshot import RerankerSnapshot
from services.reranker.states import Rows
from shared import clock
from shared.errors import InvalidRequest
from shared.features.scope import PageRequest
from shared.features.visitor import VisitorState
from shared.product_memory.follower import ProductMemoryFollower
from shared.product_memory.memory import ProductMemory
from shared.stage import Missed
from shared.telemetry import Stopwatch

MAX_PROPOSED = 1_000
_SEEDS_PLACEMENTS = (Placement.SIMILAR, Placement.ALSO_BOUGHT, Placement.ALSO_VIEWED)
_EMPTY_MEMORY = ProductMemory.empty()


class Recommender:
    """Answers one request at a time; each takes about a millisecond."""

    def __init__(
        self,
        opened: OpenedRerankers,
        features: FeatureReader | None,
        memory: ProductMemoryFollower | None,
        diversity: float = 0.0,
        fatigue: float = 0.0,
    ) -> None:
        """Without `features`, all visitors are unknown.

        Without `memory`, the product memory is empty.

        `diversity` is the weight in diversified(), and `fatigue` that in tired().
        """
        self._opened = opened
        self._features = features
        self._follower = memory
        self._diversity = diversity
        self._fatigue = fatigue

    async def propose(self, request: ProposeRequest) -> ProposeResponse:
        """Products for a placement. Raises InvalidRequest naming the field at fault."""
        placement = _placement(request.placement)
        if not 1 <= request.limit <= MAX_PROPOSED:
            raise InvalidRequest("limit", f"is {request.limit}; ask for 1 to {MAX_PROPOSED:,} products")
        stopwatch = Stopwatch()
        with stopwatch.timed("store"):
            known = await self._known(request.visitor_id, request.session_id, request.budget_ms)
        in_cart = () if placement is Placement.RECENTLY_VIEWED else known.state.cart
        with stopwatch.timed("proposals"):
            evidence = self._evidence(known.state, request.product_ids)
            excluded = (*request.exclude_product_ids, *in_cart)
            found = propose(evidence, placement, request.limit, excluded)
        near = _near(evidence, placement)
        return ProposeResponse(
            product_ids=found.product_ids,
            near_product_ids=list(near),
            near_weights=list(near.values()),
            exclude_product_ids=in_cart,
            degraded=known.notes,
            stage_ms=stopwatch.stage_ms,
        )

    async def rank(self, request: RankProposalsRequest) -> RerankResponse:
        """The candidates' order. Raises InvalidRequest and SnapshotGone."""
        placement = _placement(request.placement)
        if len(request.dense_scores) != len(request.rows):
            raise InvalidRequest("dense_scores", "needs one number for each of rows")
        reranker = self._opened.of(request.snapshot_version)
        stopwatch = Stopwatch()
        with stopwatch.timed("store"):
            known = await self._known(request.visitor_id, request.session_id, request.budget_ms)
        with stopwatch.timed("ranker"):
            evidence = self._evidence(known.state, request.product_ids)
            rows = reranker.snapshot.to_core(np.array(request.rows, np.int64))
            product_ids = reranker.snapshot.ids_at(rows)
            matrix = _matrix(request, reranker.snapshot, evidence, rows, product_ids)
            ranker = reranker.recommend_ranker
            scores = _scores(ranker, placement, matrix)
            taken = self._taken(scores, placement, product_ids, known, evidence)
            order = self._order(scores - taken, placement, reranker.snapshot, rows)
            ranked = RankedProposals(ranker, placement, matrix, scores, taken, order)
        notes = list(known.notes)
        if request.explore and placement in EXPLORING:
            ranked = await self._explored(request, reranker, ranked, product_ids, notes)
        return response_of(request, ranked, reranker.bundle_version, notes, stopwatch.stage_ms)

    async def _explored(
        self,
        request: RankProposalsRequest,
        reranker: Reranker,
        ranked: RankedProposals,
        product_ids: Sequence[str],
        notes: list[str],
    ) -> RankedProposals:
        """The candidates, perhaps with one further up that few shoppers have seen."""
        place = reranker.exploration.place_on(clock.now(), request.visitor_id, "")
        if self._features is None or place is None:
            return ranked  # so most pages read nothing more
        wanted = wanted_for(ranked.order, product_ids, request.visitor_id, request.session_id)
        try:
            stored = await self._features.read(wanted, Deadline.after(request.budget_ms))
        except Missed as missed:
            notes.append(str(missed))
            return ranked
        order = explored(reranker.exploration, ranked.order, ranked.scores - ranked.taken, stored)
        return replace(ranked, order=order)

    def _taken(
        self,
        scores: Scores,
        placement: Placement,
        product_ids: Sequence[str],
        known: KnownVisitor,
        evidence: Evidence,
    ) -> Scores:
        """(n,): what is taken from the scores of products that the visitor left alone."""
        if placement not in TIRING or self._fatigue <= 0:
            return np.zeros(len(scores))
        return tired(scores, product_ids, known.shown(), evidence, self._fatigue)

    def _order(
        self,
        scores: Scores,
        placement: Placement,
        snapshot: RerankerSnapshot,
        rows: Rows,
    ) -> Order:
        """The order by score, diversified if there is a weight and the placement is in DIVERSE."""
        order = by_score(scores)
        if self._diversity <= 0 or placement not in DIVERSE:
            return order
        vectors = snapshot.vectors_at(rows[order.places[:LOOKED_AT]])
        return diversified(scores, order, vectors, self._diversity)

    async def _known(self, visitor_id: str, session_id: str, budget_ms: float) -> KnownVisitor:
        if self._features is None or not visitor_id:
            return KnownVisitor()
        wanted = PageRequest((), "", visitor_id, session_id)
        try:
            page = await self._features.read(wanted, Deadline.after(budget_ms))
        except Missed as missed:
            return KnownVisitor(notes=[str(missed)])
        return KnownVisitor(page.visitor(), page=page)

    def _evidence(self, state: VisitorState, seeds: Sequence[str]) -> Evidence:
        now_seconds = clock.now()
        history = History.of(state.bought, state.weights_at(now_seconds), state.bought_days)
        memory = self._follower.memory if self._follower else _EMPTY_MEMORY
        return Evidence(memory, now_seconds, history, tuple(dict.fromkeys(seeds)))


def _placement(name: str) -> Placement:
    try:
        return Placement(name)
    except ValueError:
        raise InvalidRequest(
            "placement", f"{name!r} is unknown; use one of: {', '.join(Placement)}"
        ) from None


def _near(evidence: Evidence, placement: Placement) -> dict[str, float]:
    """Products whose neighbours retrieval searches for, with their weights."""
    if placement in _SEEDS_PLACEMENTS:
        return dict.fromkeys(evidence.seeds, 1.0)
    return evidence.history_products if placement is Placement.FOR_YOU else {}


def _matrix(
    request: RankProposalsRequest,
    snapshot: RerankerSnapshot,
    evidence: Evidence,
    rows: Rows,
    product_ids: Sequence[str],
) -> Matrix:
    """The features of the candidates: `rows` (n,) with their ids."""
    seed_rows = [row for each in evidence.seeds if (row := snapshot.products.row(each)) is not None]
    on_page = OnPage(
        price=snapshot.column("price", rows),
        seed_price=snapshot.column("price", np.array(seed_rows, np.int64)),
        rating=snapshot.column("rating", rows),
        rating_count=snapshot.column("rating_count", rows),
        proposed_count=request.proposed_count,
    )
    return feature_matrix(evidence, product_ids, _similarity(request, evidence), on_page)


def _similarity(request: RankProposalsRequest, evidence: Evidence) -> Similarity:
    """The similarity from retrieval: to the seeds if there are any, otherwise to the history."""
    scores = np.array(request.dense_scores, np.float32)
    unknown = np.full(len(scores), np.nan, np.float32)
    if evidence.seeds:
        return Similarity(scores, unknown)
    return Similarity(unknown, scores if evidence.history_products else unknown)


def _scores(ranker: RecommendRanker, placement: Placement, matrix: Matrix) -> Scores:
    """The ranker's scores; for placements in IN_ORDER, n down to 1."""
    if placement in IN_ORDER:
        return np.arange(len(matrix), 0, -1, dtype=np.float64)
    return ranker.score(matrix, placement)
