"""What the ranker learns from: the candidates of one query as the engine saw them, with grades."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix


@dataclass(frozen=True, slots=True)
class RankingGroup:
    """Equally long columns of one query; n candidates."""

    query: str  # a query may have several groups; they are never on both sides of a split
    features: Matrix  # (n, features), as feature_matrix makes them
    grades: Matrix  # (n,), 0 to 3; nan: nobody judged it

    def __len__(self) -> int:
        return len(self.grades)

    @property
    def is_telling(self) -> bool:
        """Whether there is an order to learn.

        Two judged products of different grade, or a good one beside unjudged.
        """
        known = self.grades[~np.isnan(self.grades)]
        return len(known) > 0 and known.max() > 0 and (len(known) < len(self) or known.min() < known.max())

    def thinned(self, unjudged: int, prior: NDArray[np.float64]) -> "RankingGroup":
        """All judged candidates, and of the others the `unjudged` that the prior (features,) likes
        best.

        Products far down teach little and there are many of them.
        """
        others = np.flatnonzero(np.isnan(self.grades))
        best = others[np.argsort(-(np.nan_to_num(self.features[others]) @ prior), kind="stable")[:unjudged]]
        kept = np.sort(np.concatenate([np.flatnonzero(~np.isnan(self.grades)), best]))
        return RankingGroup(self.query, self.features[kept], self.grades[kept])
