"""Lists of products that go with each product, as one sparse matrix by rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_DENSE = 20  # up to so many products per entry, summing a whole column is faster than sorting


@dataclass(frozen=True, slots=True)
class Linked:
    """Entries of some products' lists, as columns (entries,)."""

    rows: Places  # index of the product among those asked for
    places: Places  # the neighbour
    scores: Floats


@dataclass(frozen=True, slots=True)
class Scored:
    """Some products with their scores; all others have 0."""

    places: Places  # (k,), rising
    scores: Floats  # (k,)

    def at(self, places: Places) -> Floats:
        """(m,): the scores of the products at `places` (m,); 0 for place -1 (not remembered)."""
        found = np.searchsorted(self.places, places)
        known = np.append(self.places, -2)[found] == places
        scores: Floats = np.where(known, np.append(self.scores, np.float32(0))[found], np.float32(0))
        return scores

    def without(self, places: Places) -> Scored:
        """The same scores, with 0 for the products at `places` (m,)."""
        found = np.searchsorted(self.places, places)
        known = np.append(self.places, -2)[found] == places
        scores = self.scores.copy()
        scores[found[known]] = 0.0
        return Scored(self.places, scores)

    def best(self, count: int) -> Scored:
        """The `count` products with the best scores above 0, best first (so not rising)."""
        positive = np.flatnonzero(self.scores > 0)
        order = positive[np.argsort(-self.scores[positive], kind="stable")[:count]]
        return Scored(self.places[order], self.scores[order])


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each of n products, the products that go with it, best first."""

    ends: Places  # (n,): where the entries of each product end
    places: NDArray[np.int32]  # (entries,)
    scores: Floats  # (entries,), above 0

    @classmethod
    def none(cls, count: int) -> Neighbours:
        """No neighbours for `count` products."""
        return cls(np.zeros(count, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))

    def of(self, places: Places) -> Linked:
        """The entries of the products at `places` (k,), in the order of `places`."""
        ends = self.ends[places]
        starts = np.where(places > 0, self.ends[places - 1], 0)
        lengths = ends - starts
        rows = np.repeat(np.arange(len(places)), lengths)
        before = np.cumsum(lengths) - lengths  # entries of the products before each
        entries = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
        return Linked(rows, self.places[entries].astype(np.int64), self.scores[entries])

    def summed(self, weights: Mapping[int, float]) -> Scored:
        """The summed neighbours of some places, each list times the weight of its place."""
        linked = self.of(np.fromiter(weights, np.int64, len(weights)))
        each = np.fromiter(weights.values(), np.float32, len(weights))
        scores = linked.scores * each[linked.rows]
        if len(self.ends) <= _DENSE * len(scores):
            total = np.bincount(linked.places, scores)
            places = np.flatnonzero(total)
            return Scored(places, total[places].astype(np.float32))
        places, inverse = np.unique(linked.places, return_inverse=True)
        return Scored(places, np.bincount(inverse, scores, minlength=len(places)).astype(np.float32))
