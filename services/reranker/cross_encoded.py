"""Reorders the best of a page by a cross-encoder, as far as the deadline allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reranker.candidates import Candidates
from services.reranker.deadline import Deadline
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.read_ahead import AheadReader, ReadAhead
from services.reranker.scorer import TimedScorer
from services.reranker.standardised import standardised

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrossEncoded:
    """The changes of candidates' scores by a cross-encoder."""

    added: Scores  # (n,); 0 for candidates that it did not score
    scored_count: int


@dataclass(frozen=True)
class CrossEncodedTop:
    """A cross-encoder, and how much it counts."""

    scorer: TimedScorer
    weight: float
    limit: int = 60  # the best so many are read ahead
    ahead: AheadReader | None = None

    def read_before(
        self, query: EncodedQuery, candidates: Candidates, ranked: Scores, later: ReadAhead
    ) -> CrossEncoded | None:
        """As `score`, by what is known from earlier pages. None if that is too little.

        `later` reads those of the best that are unread.
        """
        if self.ahead is None:
            return None
        best_first = candidates.order(ranked)[: self.limit]
        rows = candidates.rows[best_first]
        later.want(self.ahead, query, rows)
        known = self.ahead.scores(query, rows)
        if known is None:
            return None
        scores = np.full(len(candidates), np.nan, np.float32)
        scores[best_first] = known
        return self._blended(ranked, scores)

    def score(
        self, query: EncodedQuery, candidates: Candidates, ranked: Scores, deadline: Deadline
    ) -> CrossEncoded:
        """Score the best by `ranked` (n,), and blend both over those.

        They share the range that their scores had, so all of them stay before the others.
        """
        best_first = candidates.order(ranked)
        return self._blended(ranked, self.scorer.score(query, candidates.rows, best_first, deadline).scores)

    def _blended(self, ranked: Scores, scores: Matrix) -> CrossEncoded:
        """`scores` (n,) are nan for candidates that were not read."""
        scored = ~np.isnan(scores)
        count = int(np.count_nonzero(scored))
        added = np.zeros(len(ranked))
        if count < 2:
            return CrossEncoded(added, 0)
        before = ranked[scored]
        blended = standardised(before.astype(np.float32)) + self.weight * standardised(scores[scored])
        added[scored] = _between(blended, float(before.min()), float(before.max())) - before
        return CrossEncoded(added, count)


def _between(values: Scores, low: float, high: float) -> Scores:
    """The values, moved and stretched to reach from `low` to `high`."""
    spread = max(float(values.max() - values.min()), 1e-9)
    stretched: Scores = low + (values - values.min()) * ((high - low) / spread)
    return stretched
