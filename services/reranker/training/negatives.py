"""Products that are probably wrong for a query: some that the engine's own recall proposes, some at random."""

from collections.abc import Callable, Sequence

import numpy as np

from services.reranker.training.encodings import Rows
from services.reranker.training.judged_list import JudgedList

Recall = Callable[[int], Rows]  # place of a query -> rows of its fused list, the best first

SKIPPED = 10  # the head of the list holds relevant products that nobody judged


def with_negatives(
    lists: Sequence[JudgedList], recall: Recall, product_count: int, hard: int, random: int, seed: int
) -> list[JudgedList]:
    """Each list with `hard` unjudged products of its query's recall and `random` of the catalogue, all of grade 0."""
    generator = np.random.default_rng(seed)
    return [_extended(judged, recall(judged.query), product_count, hard, random, generator) for judged in lists]


def _extended(
    judged: JudgedList, recalled: Rows, product_count: int, hard: int, random: int, generator: np.random.Generator
) -> JudgedList:
    unjudged = recalled[SKIPPED:][~np.isin(recalled[SKIPPED:], judged.rows)]
    picked = generator.choice(unjudged, min(hard, len(unjudged)), replace=False)
    rows = np.concatenate([judged.rows, picked, generator.integers(product_count, size=random)]).astype(np.int64)
    grades = np.zeros(len(rows), dtype=np.float32)
    grades[: len(judged)] = judged.grades
    return JudgedList(judged.query, rows, grades)
