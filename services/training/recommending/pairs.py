"""Pairs of products in the same groups: baskets, sessions, or all products of a visitor.

Pairs are counted exactly, for a part of the products at a time, so that memory is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from services.training.recommending.interactions import Codes

MAX_GROUP = 200  # products of a group that are paired: those with the largest weights
_PART_PAIRS = 20_000_000  # pairs in memory at once

Floats64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Entries:
    """Distinct (group, product), as columns (e,), ordered by group."""

    groups: Codes
    products: Codes
    visitors: Codes  # owner of the group
    weights: Floats64


@dataclass(frozen=True, slots=True)
class Pairs:
    """Ordered pairs of different products, as columns (k,), ordered by left and right."""

    left: Codes
    right: Codes
    visitors: Codes  # distinct visitors who had both in one group
    weights: Floats64  # sum over groups of the product of both weights


def distinct_entries(groups: Codes, products: Codes, visitors: Codes, weights: Floats64) -> Entries:
    """The distinct products of each group with their largest weight, at most MAX_GROUP."""
    order = np.lexsort((-weights, products, groups))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(groups[order]) != 0) | (np.diff(products[order]) != 0)
    kept = order[first]
    kept = kept[np.lexsort((-weights[kept], groups[kept]))]
    kept = kept[_places_in_group(groups[kept]) < MAX_GROUP]
    return Entries(groups[kept], products[kept], visitors[kept], weights[kept])


def counted_pairs(entries: Entries, product_count: int, least_visitors: int) -> Pairs:
    """All pairs of at least `least_visitors` distinct visitors."""
    counter = _Counter(entries, product_count)
    parts = [counter.part(*part, least_visitors) for part in counter.parts()]
    return Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class _Counter:
    """The entries as sparse matrices.

    With G (groups, products), the weights of pairs are G' G. Each visitor counts once per pair: H
    has the groups of each distinct (visitor, left product). So H G > 0 marks the products that the
    visitor had together with it.
    """

    def __init__(self, entries: Entries, product_count: int) -> None:
        self._products = product_count
        rows = np.unique(entries.groups, return_inverse=True)[1]
        count = int(rows.max(initial=-1)) + 1
        shape = (count, product_count)
        self._weights = sparse.csr_array((entries.weights, (rows, entries.products)), shape=shape)
        self._ones = sparse.csr_array((np.ones(len(rows), np.int32), (rows, entries.products)), shape=shape)
        breadth = int(entries.visitors.max(initial=0)) + 1
        keys, visits = np.unique(entries.products * breadth + entries.visitors, return_inverse=True)
        self._left_of_visit = keys // breadth
        ones = np.ones(len(rows), np.int32)
        self._visits = sparse.csr_array((ones, (visits, rows)), shape=(len(keys), count))
        self._sizes = np.bincount(rows, minlength=count)
        self._made = np.bincount(entries.products, self._sizes[rows], minlength=product_count)

    def parts(self) -> Iterator[tuple[int, int]]:
        """Ranges of left products with about _PART_PAIRS pairs each."""
        part = np.cumsum(self._made) // _PART_PAIRS
        edges = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), self._products]
        yield from pairwise(edges)

    def part(self, begin: int, end: int, least_visitors: int) -> tuple[Codes, Codes, Codes, Floats64]:
        """The pairs with left products from `begin` to `end`."""
        from_visit, to_visit = np.searchsorted(self._left_of_visit, (begin, end))
        pairs = self._visits[from_visit:to_visit] @ self._ones  # (visits, products)
        pairs.data[:] = 1
        left = self._left_of_visit[from_visit:to_visit] - begin
        places = np.arange(len(left))
        shape = (end - begin, len(left))
        visitors = sparse.csr_array((np.ones(len(left), np.int32), (left, places)), shape=shape) @ pairs
        visitors.data[visitors.data < least_visitors] = 0
        visitors.eliminate_zeros()
        visitors.sort_indices()
        found = visitors.tocoo()
        different = found.row + begin != found.col
        rows, columns = found.row[different].astype(np.int64), found.col[different].astype(np.int64)
        weights = (self._weights[:, begin:end].T.tocsr() @ self._weights).tocsr()
        return (
            rows + begin,
            columns,
            found.data[different].astype(np.int64),
            _at(weights, rows, columns),
        )


def _at(matrix: sparse.csr_array, rows: Codes, columns: Codes) -> Floats64:
    """The values of a sparse matrix at (rows, columns), which are sorted."""
    matrix.sort_indices()
    width = matrix.shape[1]
    stored = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * width + matrix.indices
    values: Floats64 = matrix.data[np.searchsorted(stored, rows * width + columns)]
    return values


def _places_in_group(groups: Codes) -> Codes:
    """(e,): place of each entry in its group; entries of a group are adjacent."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
