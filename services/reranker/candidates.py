"""Retrieval's candidates, and a visitor's recent products, as columns."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix
from services.reranker.states import Rows


@dataclass(frozen=True, slots=True)
class Candidates:
    """Columns of equal length (n,), best fused score first."""

    rows: Rows  # in the snapshot
    lexical_scores: Matrix  # 0 if no word matches
    dense_scores: Matrix
    fused_scores: Matrix
    lexical_ranks: Matrix  # from 1; 0 if not in that list
    dense_ranks: Matrix
    precedence: Matrix | None = None  # smaller ones come first, regardless of scores; None: all equal

    def order(self, scores: NDArray[np.float64]) -> NDArray[np.intp]:
        """Positions (n,) by precedence, then by scores (n,), highest first."""
        if self.precedence is None:
            return np.argsort(-scores, kind="stable")
        return np.lexsort((-scores, self.precedence))

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class RecentProducts:
    """Products that the visitor acted on, (k,) each. k may be 0."""

    rows: Rows
    weights: Matrix  # at least 0
    bought_rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))  # of all bought products
