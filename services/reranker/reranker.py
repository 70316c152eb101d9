"""Orders candidates: gather, MaxSim, interaction block, features, ranker, affinity."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.reranker.affinity import affinity
from services.reranker.aside import aside
from services.reranker.candidates import Candidates, RecentProducts
from services.reranker.cost_estimate import CostEstimate
from services.reranker.cross_encoded import CrossEncoded, CrossEncodedTop
from services.reranker.deadline import Deadline
from services.reranker.exploration import Exploration, Explored
from services.reranker.features import VISITOR_AFFINITY, CandidateScores, feature_matrix
from services.reranker.maxsim import maxsim
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.ranker import Ranker
from services.reranker.read_ahead import ReadAhead
from services.reranker.recommending.ranker import RecommendRanker
from services.reranker.scorer import PartialScores, TimedScorer, no_scores
from services.reranker.snapshot import RerankerSnapshot
from services.reranker.standardised import standardised
from services.reranker.states import Rows
from shared.errors import Unavailable
from shared.features.page import StoredPage
from shared.live.wire_rows import UNKNOWN
from shared.query_memory.memory import QueryMemory
from shared.query_memory.near import near_columns
from shared.telemetry import Stopwatch

_MAXSIM_SHARE = 0.5  # weight relative to the fused score, when choosing the block's candidates
# Weight of affinity on a page without a query, in standard deviations of its scores
BROWSE_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Reranking:
    """Columns in the order of the candidates, and their new order."""

    order: Rows  # (n,), best first
    relevance_scores: NDArray[np.float64]  # (n,)
    features: Matrix  # (n, features)
    affinity: Matrix  # (n,), -1 to 1
    affinity_added: NDArray[np.float64]  # (n,)
    block_scored_count: int
    degraded: tuple[str, ...]
    stage_ms: dict[str, float]
    cross_encoded: CrossEncoded | None = None
    explored: Explored | None = None


@dataclass(frozen=True, slots=True)
class Browsing:
    """The order of a page without a query, and its reasons, as columns (n,)."""

    order: Rows
    scores: NDArray[np.float64]
    affinity: Matrix  # -1 to 1
    affinity_added: NDArray[np.float64]


@dataclass(frozen=True)
class Reranker:
    """One snapshot with the models of one bundle."""

    snapshot: RerankerSnapshot
    ranker: Ranker
    block: TimedScorer | None
    bundle_version: str
    recommend_ranker: RecommendRanker = field(default_factory=RecommendRanker)
    # The most that affinity adds, in standard deviations of the ranker's scores
    affinity_weight: float = 0.5
    cross_encoder: CrossEncodedTop | None = None
    exploration: Exploration = field(default_factory=Exploration)
    before: CostEstimate = field(default_factory=lambda: CostEstimate(2.0))  # gather and MaxSim
    after: CostEstimate = field(default_factory=lambda: CostEstimate(2.0))  # features and ranker

    def rerank(
        self,
        query: EncodedQuery,
        candidates: Candidates,
        stored: StoredPage | None,
        deadline: Deadline,
        memory: QueryMemory | None = None,
    ) -> Reranking:
        """Order the candidates. The block scores as many as the deadline allows.

        `stored` has shoppers' actions on the candidates, `memory` opens under other queries; None:
        not known. Raises Unavailable if there is no time even without the block.
        """
        self._refuse_if_late(deadline)
        clock = Stopwatch()
        actions = aside().begin(lambda: self._actions(query, candidates.rows, stored, memory))
        late = self._maxsim(query, candidates.rows, clock)
        self.before.observe(1, sum(clock.stage_ms.values()))
        with clock.timed("block"):
            partial = self._block(query, candidates, late, deadline.sooner_by(self.after.expected_ms()))
        before_ms = sum(clock.stage_ms.values())
        with clock.timed("features"):
            near, columns = actions.result()
            features = feature_matrix(self._scores(candidates, late, partial.scores), columns)
        with clock.timed("ranker"):
            ranked = self.ranker.score(features)
            added = near.astype(np.float64) * (
                self.affinity_weight * float(ranked.std()) if len(ranked) else 0.0
            )
        self.after.observe(1, sum(clock.stage_ms.values()) - before_ms)
        return Reranking(
            order=candidates.order(ranked + added),
            relevance_scores=ranked + added,
            features=features,
            affinity=near,
            affinity_added=added,
            block_scored_count=partial.scored_count,
            degraded=partial.degraded(),
            stage_ms=clock.stage_ms,
        )

    def explored(self, candidates: Candidates, ranked: Reranking, stored: StoredPage | None) -> Reranking:
        """The ranking, perhaps with a product further up that few shoppers have seen."""
        if stored is None:
            return ranked
        found = self.exploration.of(ranked.relevance_scores, ranked.order, stored, candidates.precedence)
        if found is None:
            return ranked
        scores = ranked.relevance_scores.copy()
        scores[found.candidate] += found.added
        return replace(ranked, order=candidates.order(scores), relevance_scores=scores, explored=found)

    def cross_encoded(
        self, query: EncodedQuery, candidates: Candidates, ranked: Reranking, deadline: Deadline
    ) -> Reranking:
        """The ranking, its best reordered by the cross-encoder, as far as the deadline allows."""
        if self.cross_encoder is None:
            note = "cross_encoder: none is set (AISLE_RERANKER_CROSS_ENCODER)"
            return replace(ranked, degraded=(*ranked.degraded, note))
        clock = Stopwatch()
        with clock.timed("cross_encoder"):
            crossed = self.cross_encoder.score(query, candidates, ranked.relevance_scores, deadline)
        late = () if crossed.scored_count or len(candidates) < 2 else ("cross_encoder: deadline",)
        noted = replace(ranked, degraded=(*ranked.degraded, *late), stage_ms=ranked.stage_ms | clock.stage_ms)
        return _crossed(candidates, noted, crossed)

    def read_before(
        self, query: EncodedQuery, candidates: Candidates, ranked: Reranking, later: ReadAhead
    ) -> Reranking:
        """The ranking by what the cross-encoder said for earlier pages; `later` reads the rest."""
        top = self.cross_encoder
        crossed = top.read_before(query, candidates, ranked.relevance_scores, later) if top else None
        return _crossed(candidates, ranked, crossed) if crossed else ranked

    def browse(self, candidates: Candidates, stored: StoredPage | None) -> Browsing:
        """Order a page without a query, by the given order and the visitor's affinity.

        For an unknown visitor they keep their order.
        """
        near = self._affinity(candidates.rows, self._recent(stored))
        base = standardised(candidates.fused_scores).astype(np.float64)
        added = BROWSE_WEIGHT * near.astype(np.float64)
        order = candidates.order(base + added) if near.any() else np.arange(len(candidates))
        return Browsing(order, base + added, near, added)

    def _refuse_if_late(self, deadline: Deadline) -> None:
        needed_ms = self.before.expected_ms() + self.after.expected_ms()
        if (left_ms := deadline.remaining_ms()) < needed_ms:
            self.before.doubt()
            self.after.doubt()
            raise Unavailable(
                f"reranker: deadline ({max(left_ms, 0):.0f} ms left, {needed_ms:.0f} ms needed)"
            )

    def _maxsim(self, query: EncodedQuery, rows: Rows, clock: Stopwatch) -> Matrix:
        with clock.timed("gather"):
            states = self.snapshot.states.gather(rows)
        with clock.timed("maxsim"):
            late = maxsim(query, states)
            unknown = rows == UNKNOWN
            # A product that has not arrived at this process gets the average
            if unknown.any() and not unknown.all():
                late[unknown] = late[~unknown].mean()
            return late

    def _block(
        self, query: EncodedQuery, candidates: Candidates, late: Matrix, due: Deadline
    ) -> PartialScores:
        if self.block is None:
            return no_scores(len(candidates))
        fused = standardised(candidates.fused_scores)
        best_first = np.argsort(-(fused + _MAXSIM_SHARE * standardised(late)), kind="stable")
        return self.block.score(query, candidates.rows, best_first, due)

    def _scores(self, candidates: Candidates, late: Matrix, block_scores: Matrix) -> CandidateScores:
        return CandidateScores(
            lexical_score=candidates.lexical_scores,
            dense_score=candidates.dense_scores,
            fused_score=candidates.fused_scores,
            lexical_rank=candidates.lexical_ranks,
            dense_rank=candidates.dense_ranks,
            maxsim_score=late,
            block_score=block_scores,
            price=self.snapshot.column("price", candidates.rows),
            rating_average=self.snapshot.column("rating", candidates.rows),
            rating_count=self.snapshot.column("rating_count", candidates.rows),
        )

    def _actions(
        self, query: EncodedQuery, rows: Rows, stored: StoredPage | None, memory: QueryMemory | None
    ) -> tuple[Matrix, Mapping[str, Matrix]]:
        """The visitor's affinity to each product, and the columns of shoppers' actions."""
        near = self._affinity(rows, self._recent(stored))
        if stored is None:
            return near, {}
        columns = {**stored.columns(), VISITOR_AFFINITY: near}
        if memory is not None:
            same = memory.encoder_version == self.snapshot.encoder_version
            vector = query.vector if same else None
            columns |= near_columns(memory, query.text, vector, stored.request.product_ids)
        return near, _known(columns, rows)

    def _recent(self, stored: StoredPage | None) -> RecentProducts:
        """The recent products that are still in the snapshot."""
        weights = stored.visitor().weights_at(stored.now_seconds) if stored else {}
        products = self.snapshot.products
        found = [(row, weight) for each, weight in weights.items() if (row := products.row(each)) is not None]
        rows = np.array([row for row, _ in found], dtype=np.int64)
        bought = stored.visitor().bought if stored else ()
        owned = [row for each in bought if (row := products.row(each.product_id)) is not None]
        weight = np.array([weight for _, weight in found], dtype=np.float32)
        return RecentProducts(rows, weight, np.array(owned, dtype=np.int64))

    def _affinity(self, rows: Rows, recent: RecentProducts) -> Matrix:
        if not len(recent.rows):
            return np.zeros(len(rows), dtype=np.float32)
        near = affinity(self.snapshot.vectors_at(rows), self.snapshot.vectors_at(recent.rows), recent.weights)
        # A bought product raises similar products, but not itself
        return np.where(np.isin(rows, recent.bought_rows), np.minimum(near, 0), near)


def _crossed(candidates: Candidates, ranked: Reranking, crossed: CrossEncoded) -> Reranking:
    scores = ranked.relevance_scores + crossed.added
    return replace(ranked, order=candidates.order(scores), relevance_scores=scores, cross_encoded=crossed)


def _known(columns: Mapping[str, Matrix], rows: Rows) -> Mapping[str, Matrix]:
    """The columns, with nan for products that have not arrived yet."""
    if not (unknown := rows == UNKNOWN).any():
        return columns
    return {name: np.where(unknown, np.float32(np.nan), column) for name, column in columns.items()}
