"""A training list: one query with graded products, some of them unjudged negatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reranker.training.arrays import Matrix, Rows


@dataclass(frozen=True, slots=True)
class JudgedList:
    """Columns (n,) of one query."""

    query: int  # place in the list of query texts
    rows: Rows  # products
    grades: Matrix  # 0 to 3
    teacher_scores: Matrix | None = None  # of the cross-encoder; None before it has scored them

    def __len__(self) -> int:
        return len(self.rows)

    def chosen(self, places: NDArray[np.int64]) -> JudgedList:
        """The list with only the products at `places`."""
        teacher = None if self.teacher_scores is None else self.teacher_scores[places]
        return JudgedList(self.query, self.rows[places], self.grades[places], teacher)

    def sampled(self, longest: int, generator: np.random.Generator) -> JudgedList:
        """The list with at most `longest` products, sampled anew each time."""
        return (
            self if len(self) <= longest else self.chosen(generator.choice(len(self), longest, replace=False))
        )
