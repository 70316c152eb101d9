"""Training data of the ranker: one query's candidates with their features and grades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix


@dataclass(frozen=True, slots=True)
class RankingGroup:
    """n candidates of one query."""

    query: str  # a query may have several groups; they are always on the same side of a split
    features: Matrix  # (n, features), from feature_matrix
    grades: Matrix  # (n,), 0 to 3; nan: not judged

    def __len__(self) -> int:
        return len(self.grades)

    @property
    def has_order(self) -> bool:
        """Whether grades differ, or a good product is beside unjudged ones."""
        known = self.grades[~np.isnan(self.grades)]
        return len(known) > 0 and known.max() > 0 and (len(known) < len(self) or known.min() < known.max())

    def thinned(self, unjudged: int, prior: NDArray[np.float64]) -> RankingGroup:
        """All judged candidates, and the `unjudged` best others by the prior (features,).

        The many candidates further down add little to training.
        """
        others = np.flatnonzero(np.isnan(self.grades))
        best = others[np.argsort(-(np.nan_to_num(self.features[others]) @ prior), kind="stable")[:unjudged]]
        kept = np.sort(np.concatenate([np.flatnonzero(~np.isnan(self.grades)), best]))
        return RankingGroup(self.query, self.features[kept], self.grades[kept])
