"""The port of interaction models, and their use under a deadline."""

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Clock, Deadline
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.states import Rows

_PLENTY = 5.0  # with this many times the expected time left, the clock is not checked


class Scorer(Protocol):
    """Scores candidates against the query, one batch at a time."""

    engine: str  # such as "onnxruntime-int8"

    def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
        """Scores (n,) of `rows`. Higher is better; comparable within a query."""


@dataclass(frozen=True, slots=True)
class PartialScores:
    """Scores of all candidates. Nan if the time was too short."""

    scores: Matrix  # (n,)
    scored_count: int
    wanted_count: int

    def degraded(self) -> tuple[str, ...]:
        """The notes for `degraded`: skipped parts with their reasons."""
        late = self.scored_count < self.wanted_count
        return (f"block: deadline ({self.scored_count} of {self.wanted_count})",) if late else ()


def no_scores(count: int) -> PartialScores:
    """The scores of a bundle without an interaction model."""
    return PartialScores(np.full(count, np.nan, dtype=np.float32), 0, 0)


class TimedScorer:
    """Scores the best candidates first, in batches, and stops before a batch that would be late.

    With plenty of time, it makes a single call.
    """

    def __init__(
        self,
        scorer: Scorer,
        batch: int,
        limit: int,
        cost: CostEstimate,
        clock: Clock = time.monotonic,
    ) -> None:
        """`limit` candidates at most, `batch` of them between two checks of the clock."""
        self.scorer = scorer
        self._batch = batch
        self._limit = limit
        self._cost = cost
        self._clock = clock

    def score(self, query: EncodedQuery, rows: Rows, best_first: Rows, deadline: Deadline) -> PartialScores:
        """Score rows[best_first[0]], rows[best_first[1]], ... as far as the deadline allows."""
        scores = np.full(len(rows), np.nan, dtype=np.float32)
        wanted = best_first[: self._limit]
        scored = 0
        while scored < len(wanted) and (size := self._affordable(len(wanted) - scored, deadline)):
            chosen = wanted[scored : scored + size]
            scores[chosen] = self._timed(query, rows[chosen])
            scored += size
        return PartialScores(scores, scored, len(wanted))

    def _affordable(self, left: int, deadline: Deadline) -> int:
        """How many rows to score next: all, a batch, or as many of it as the time allows."""
        remaining_ms = deadline.remaining_ms()
        plenty = self._cost.expected_ms(left) * _PLENTY <= remaining_ms
        size = left if plenty else min(self._batch, left)
        if self._cost.expected_ms(size) <= remaining_ms:
            return size
        affordable = max(int(remaining_ms / self._cost.expected_ms()), 0)
        if not affordable:
            self._cost.doubt()
        return affordable

    def _timed(self, query: EncodedQuery, rows: Rows) -> Matrix:
        began = self._clock()
        scores = self.scorer.score(query, rows)
        self._cost.observe(len(rows), (self._clock() - began) * 1000)
        return scores
