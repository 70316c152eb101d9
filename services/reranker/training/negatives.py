"""Products that are probably wrong for a query: some that retrieval finds, and some at random."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.reranker.training.arrays import Rows
from services.reranker.training.judged_list import JudgedList

Recall = Callable[[int], Rows]  # place of a query -> rows of its fused list, best first


@dataclass(frozen=True, slots=True)
class Negatives:
    """Numbers of negatives of each kind for a query; all get grade 0."""

    recall: Recall
    product_count: int
    hard: int = 6
    random: int = 2
    skipped: int = 10  # the head of a fused list has relevant but unjudged products

    def beside(self, judged: JudgedList, generator: np.random.Generator) -> JudgedList:
        """`judged` with its negatives."""
        recalled = self.recall(judged.query)[self.skipped :]
        unjudged = recalled[~np.isin(recalled, judged.rows)]
        hard = generator.choice(unjudged, min(self.hard, len(unjudged)), replace=False)
        anywhere = generator.integers(self.product_count, size=self.random)
        rows = np.concatenate([judged.rows, hard, anywhere]).astype(np.int64)
        grades = np.zeros(len(rows), dtype=np.float32)
        grades[: len(judged)] = judged.grades
        return JudgedList(judged.query, rows, grades)
