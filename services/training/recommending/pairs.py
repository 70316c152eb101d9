"""Pairs of products in the same groups: baskets, sessions, or all products of a visitor.

Pairs are counted exactly, some millions at a time, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.training.recommending.interactions import Codes, begins

MAX_GROUP = 200  # products of a group that are paired: those with the largest weights
MAX_GROUPS = 1_000  # groups of a visitor that are paired: those with the largest weights
_PART_PAIRS = 4_000_000  # pairs in memory at once; each takes about 100 bytes

Small = NDArray[np.int32]
Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Entries:
    """Distinct (group, product), as columns (e,), ordered by visitor and group."""

    groups: Small
    products: Small
    visitors: Small  # owner of the group
    weights: Floats32

    def of_products(self, chosen: NDArray[np.bool_]) -> Entries:
        """The entries of the products that `chosen` (products,) selects."""
        kept = chosen[self.products]
        return Entries(self.groups[kept], self.products[kept], self.visitors[kept], self.weights[kept])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Ordered pairs of different products, as columns (k,), ordered by left and right."""

    left: Codes
    right: Codes
    visitors: Codes  # distinct visitors who had both in one group
    weights: Floats64  # sum over groups of the product of both weights

    @classmethod
    def joined(cls, parts: list[Pairs]) -> Pairs:
        """The pairs of parts that follow one another; no pairs if there are no parts."""
        if not parts:
            none = np.empty(0, np.int64)
            return cls(none, none, none, np.empty(0))
        columns = zip(*((part.left, part.right, part.visitors, part.weights) for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def where(self, mask: NDArray[np.bool_]) -> Pairs:
        """The pairs that `mask` (k,) selects."""
        return Pairs(self.left[mask], self.right[mask], self.visitors[mask], self.weights[mask])


def distinct_entries(groups: Codes, products: Codes, visitors: Codes, weights: Floats64) -> Entries:
    """The distinct products of each group with their largest weight.

    At most MAX_GROUP products of a group and MAX_GROUPS groups of a visitor: the heaviest.
    """
    small = weights.astype(np.float32)
    order = np.lexsort((-small, products, groups))
    first = begins(groups[order]) | begins(products[order])
    kept = order[first]
    del order, first
    kept = kept[np.lexsort((-small[kept], groups[kept], visitors[kept]))]
    kept = kept[_places(begins(groups[kept])) < MAX_GROUP]
    kept = kept[_of_heaviest_groups(groups[kept], visitors[kept], small[kept])]
    return Entries(
        groups[kept].astype(np.int32),
        products[kept].astype(np.int32),
        visitors[kept].astype(np.int32),
        small[kept],
    )


def counted_pairs(entries: Entries, product_count: int, least_visitors: int) -> Pairs:
    """All pairs of at least `least_visitors` distinct visitors."""
    return Pairs.joined(list(parts_of_pairs(entries, product_count, least_visitors)))


def parts_of_pairs(entries: Entries, product_count: int, least_visitors: int) -> Iterator[Pairs]:
    """The pairs of at least `least_visitors` distinct visitors, in parts.

    Parts follow one another in order, and all pairs of a left product are in one part.
    """
    if not len(entries.groups):
        return
    counter = _Counter(entries, product_count)
    rest = _Counts.none()  # of a left product whose pairs are not all counted yet
    for begin, end in counter.steps():
        counts = rest.plus(counter.counted(begin, end))
        open_key = counter.left_at(end) * product_count  # the first key that later steps can add to
        done = int(np.searchsorted(counts.keys, open_key))
        yield counts.part(0, done).pairs(product_count, least_visitors)
        rest = counts.part(done, len(counts.keys))
    yield rest.pairs(product_count, least_visitors)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts of pairs, as columns (k,), ordered by key: left * product_count + right."""

    keys: Codes
    visitors: Codes
    weights: Floats64

    @classmethod
    def none(cls) -> _Counts:
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    def part(self, begin: int, end: int) -> _Counts:
        return _Counts(self.keys[begin:end], self.visitors[begin:end], self.weights[begin:end])

    def plus(self, other: _Counts) -> _Counts:
        """The sums of both, which have no (pair, visitor) in common."""
        if not len(self.keys):
            return other
        keys = np.concatenate([self.keys, other.keys])
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(begins(keys[order]))
        visitors = np.concatenate([self.visitors, other.visitors])[order]
        weights = np.concatenate([self.weights, other.weights])[order]
        return _Counts(
            keys[order][starts], np.add.reduceat(visitors, starts), np.add.reduceat(weights, starts)
        )

    def pairs(self, product_count: int, least_visitors: int) -> Pairs:
        """The pairs of enough visitors."""
        kept = self.visitors >= least_visitors
        left, right = np.divmod(self.keys[kept], product_count)
        return Pairs(left, right, self.visitors[kept], self.weights[kept])


class _Counter:
    """Makes each entry's pairs with the other entries of its group, and counts them.

    The entries are taken by product, then visitor, in steps of about _PART_PAIRS pairs. A step ends
    with a visitor's entries of a product, so that a visitor counts once per pair.
    """

    def __init__(self, entries: Entries, product_count: int) -> None:
        self._entries = entries
        self._products = product_count
        first = begins(entries.groups)
        self._starts = np.flatnonzero(first)
        self._sizes = np.diff(self._starts, append=len(first))
        self._group = np.cumsum(first, dtype=np.int32) - np.int32(1)  # (e,): the place of its group
        self._order = np.argsort(entries.products, kind="stable").astype(np.int32)

    def steps(self) -> Iterator[tuple[int, int]]:
        """Ranges of the ordered entries."""
        made = np.cumsum(self._sizes[self._group[self._order]])
        products, visitors = self._entries.products[self._order], self._entries.visitors[self._order]
        may_end = np.flatnonzero(begins(products) | begins(visitors))
        step = made[may_end] // _PART_PAIRS
        edges = may_end[1:][np.diff(step) > 0].tolist()
        yield from pairwise([0, *edges, len(made)])

    def left_at(self, place: int) -> int:
        """The product of an ordered entry; the number of products after the last entry."""
        if place >= len(self._order):
            return self._products
        return int(self._entries.products[self._order[place]])

    def counted(self, begin: int, end: int) -> _Counts:
        """The counts of the pairs whose left entries are in the range."""
        lefts = self._order[begin:end]
        sizes = self._sizes[self._group[lefts]]
        left = np.repeat(lefts, sizes)
        offsets = np.cumsum(sizes) - sizes
        right = np.arange(len(left)) + np.repeat(self._starts[self._group[lefts]] - offsets, sizes)
        keys = self._entries.products[left].astype(np.int64) * self._products + self._entries.products[right]
        order = _sorted_places(keys)  # of a key, by visitor
        order = order[self._entries.products[left[order]] != self._entries.products[right[order]]]
        keys, left, right = keys[order], left[order], right[order]
        if not len(keys):
            return _Counts.none()
        pair = begins(keys)
        visit = pair | begins(self._entries.visitors[left])
        starts = np.flatnonzero(pair)
        weights = self._entries.weights[left].astype(np.float64) * self._entries.weights[right]
        visitors = np.add.reduceat(visit, starts, dtype=np.int64)
        return _Counts(keys[starts], visitors, np.add.reduceat(weights, starts))


def _of_heaviest_groups(groups: Codes, visitors: Codes, weights: Floats32) -> NDArray[np.bool_]:
    """(e,): whether the entry's group is one of the visitor's MAX_GROUPS heaviest.

    Entries are ordered by visitor and group, and the first of a group is its heaviest.
    """
    first_of_group = begins(groups)
    first = np.flatnonzero(first_of_group)
    order = first[np.lexsort((-weights[first], visitors[first]))]
    kept = np.zeros(len(groups), bool)
    kept[order] = _places(begins(visitors[order])) < MAX_GROUPS
    found: NDArray[np.bool_] = kept[first][np.cumsum(first_of_group) - 1]
    return found


def _sorted_places(keys: Codes) -> Codes:
    """(k,): the places of the keys in order; places of equal keys stay in order.

    Key and place become a single number if that fits into 63 bits. Sorting numbers is several times
    faster than sorting places.
    """
    bits = len(keys).bit_length()
    least = int(keys.min(initial=0))
    if int(keys.max(initial=0)) - least >= 1 << (63 - bits):
        return np.argsort(keys, kind="stable")
    packed = (keys - least << bits) + np.arange(len(keys))
    packed.sort()
    places: Codes = packed & ((1 << bits) - 1)
    return places


def _places(first: NDArray[np.bool_]) -> Codes:
    """(e,): place of each entry in its run of entries; `first` has where runs begin."""
    starts = np.flatnonzero(first)
    return np.arange(len(first)) - np.repeat(starts, np.diff(starts, append=len(first)))
