"""Different kinds of products first, by maximal marginal relevance.

Carbonell and Goldstein, SIGIR 1998.

The next product is always the candidate with the largest score - price of likeness, where likeness
is the largest cosine to a product before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reranker.exploration import Explored
from services.reranker.recommending.formula import Scores
from services.reranker.recommending.placement import Placement

# Not SIMILAR, which is meant to show alike products; not placements whose order shoppers can check
DIVERSE = frozenset((Placement.FOR_YOU, Placement.ALSO_BOUGHT, Placement.ALSO_VIEWED))
LOOKED_AT = 100  # first candidates of a ranked window to reorder; the time is quadratic


@dataclass(frozen=True, slots=True)
class Order:
    """The order of n candidates."""

    places: NDArray[np.int64]  # (n,): best first
    prices: Scores  # (n,), in that order: subtracted from each score for likeness
    explored: Explored | None = None  # the product that came up; `candidate` is its place before


def by_score(scores: Scores) -> Order:
    """The order by scores alone."""
    return Order(np.argsort(-scores, kind="stable"), np.zeros(len(scores)))


def diversified(
    scores: Scores,
    order: Order,
    vectors: NDArray[np.floating],
    weight: float,
) -> Order:
    """Reorder the first k candidates: those that are like an earlier one move down.

    `vectors` (k, dim) are their vectors, unit norm or zeros if unknown; k is at most LOOKED_AT.
    `weight`, at least 0, is the price of a copy, in spreads of their scores.
    """
    count = len(vectors)
    first = order.places[:count]
    spread = float(np.ptp(scores[first])) if count else 0.0
    if weight <= 0 or spread <= 0:
        return order
    alike = np.maximum(vectors.astype(np.float32) @ vectors.astype(np.float32).T, 0.0)
    left, likeness = scores[first].astype(np.float64), np.zeros(count)
    chosen = np.empty(count, np.int64)
    prices = np.zeros(len(scores))
    for place in range(count):
        best = int(np.argmax(left - weight * spread * likeness))
        chosen[place] = best
        prices[place] = weight * spread * likeness[best]
        left[best] = -np.inf
        np.maximum(likeness, alike[best], out=likeness)
    return Order(np.concatenate([first[chosen], order.places[count:]]), prices)


def likeness_within(vectors: NDArray[np.floating]) -> float:
    """The mean cosine between pairs of k vectors (k, dim), unit norm; nan for fewer than two.

    Intra-list similarity (Ziegler et al., WWW 2005), as a mean.
    """
    count = len(vectors)
    if count < 2:
        return float("nan")
    summed = vectors.sum(axis=0, dtype=np.float64)
    own = float((vectors.astype(np.float64) ** 2).sum())
    return float(summed @ summed - own) / (count * (count - 1))
