"""The best pairs of each product, as the lists of neighbours of a product memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.training.recommending.pairs import Pairs
from shared.product_memory.neighbours import Floats, Neighbours


@dataclass(frozen=True, slots=True)
class BestPairs:
    """Pairs of a part of the products, as columns (k,), by left, the best first."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    scores: Floats


def best_pairs(pairs: Pairs, scores: Floats, most: int) -> BestPairs:
    """The `most` best pairs of each left product by `scores` (k,) of the pairs."""
    order = np.lexsort((pairs.right, -scores, pairs.left))
    left = pairs.left[order]
    kept = order[np.arange(len(left)) - np.searchsorted(left, left) < most]
    return BestPairs(pairs.left[kept].astype(np.int32), pairs.right[kept].astype(np.int32), scores[kept])


def neighbours(parts: Sequence[BestPairs], product_count: int) -> Neighbours:
    """The lists of all products, of parts that follow one another."""
    left = np.concatenate([part.left for part in parts] or [np.empty(0, np.int32)])
    right = np.concatenate([part.right for part in parts] or [np.empty(0, np.int32)])
    scores = np.concatenate([part.scores for part in parts] or [np.empty(0, np.float32)])
    ends = np.cumsum(np.bincount(left, minlength=product_count))
    return Neighbours(ends, right, scores.astype(np.float32))
