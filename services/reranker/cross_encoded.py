"""Reorders the best of a page by a cross-encoder, as far as the deadline allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reranker.candidates import Candidates
from services.reranker.deadline import Deadline
from services.reranker.query import EncodedQuery
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

    def score(
        self, query: EncodedQuery, candidates: Candidates, ranked: Scores, deadline: Deadline
    ) -> CrossEncoded:
        """Score the best by `ranked` (n,), and blend both over those.

        They share the range that their scores had, so all of them stay before the others.
        """
        best_first = candidates.order(ranked)
        partial = self.scorer.score(query, candidates.rows, best_first, deadline)
        scored = ~np.isnan(partial.scores)
        if np.count_nonzero(scored) < 2:
            return CrossEncoded(np.zeros(len(candidates)), 0)
        before = ranked[scored]
        blended = standardised(before.astype(np.float32)) + self.weight * standardised(partial.scores[scored])
        added = np.zeros(len(candidates))
        added[scored] = _between(blended, float(before.min()), float(before.max())) - before
        return CrossEncoded(added, partial.scored_count)


def _between(values: Scores, low: float, high: float) -> Scores:
    """The values, moved and stretched to reach from `low` to `high`."""
    spread = max(float(values.max() - values.min()), 1e-9)
    stretched: Scores = low + (values - values.min()) * ((high - low) / spread)
    return stretched
