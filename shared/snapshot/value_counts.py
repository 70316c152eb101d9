"""Counts of one field's values among any rows of a segment."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.snapshot.catalog_columns import Entries
from shared.snapshot.spans import end_to_end

Codes = NDArray[np.integer[Any]]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Fewer entries are counted one by one, as fast as an index would
_FEW_ENTRIES = 50_000
_FEW_ROWS = 60  # one in so many rows: their entries are looked up
_MANY_ROWS = 32  # a code that one in so many rows has gets a bitmap
_FEW_CODES = 1_000
_WORD = 8  # bytes
_NOTHING = Entries(np.empty(0, np.uint32), np.empty(0, np.uint32))


class ValueCounts:
    """Counts the rows of each code.

    The entries of a few rows are looked up; a mask of almost all rows is counted by those that it
    leaves out. For others there is an index. Each part is made when it is first needed.
    """

    def __init__(self, entries: Entries | None, row_count: int) -> None:
        self._entries = entries or _NOTHING
        self._row_count = row_count

    def among(self, mask: Mask) -> tuple[Codes, Counts]:
        """The codes of the rows that `mask` (n,) selects, in order, and how many rows have each."""
        if len(self._entries.rows) < _FEW_ENTRIES:
            return counted(self._entries.within(mask))
        selected = int(np.count_nonzero(mask))
        if selected * _FEW_ROWS < self._row_count:
            return counted(self._codes_at(np.flatnonzero(mask)))
        if (self._row_count - selected) * _FEW_ROWS < self._row_count:
            return self._index.without(*counted(self._codes_at(np.flatnonzero(~mask))))
        return self._index.among(mask)

    def _codes_at(self, rows: NDArray[np.int64]) -> Codes:
        first = self._first[rows]
        places, _ = end_to_end(first, self._first[rows + 1] - first)
        return np.asarray(self._entries.values[places])

    @cached_property
    def _first(self) -> NDArray[np.int64]:
        """The first entry of each row (n + 1,)."""
        wanted = np.arange(self._row_count + 1, dtype=self._entries.rows.dtype)
        return np.searchsorted(self._entries.rows, wanted)

    @cached_property
    def _index(self) -> _Index:
        return _Index(self._entries, self._row_count)


class NumberCounts:
    """Counts the rows of each number."""

    def __init__(self, entries: Entries | None, row_count: int) -> None:
        self._entries = entries or _NOTHING
        self._row_count = row_count
        self._ranked: tuple[NDArray[np.float64], ValueCounts] | None = None

    def among(self, mask: Mask) -> tuple[NDArray[np.float64], Counts]:
        """The numbers of the rows that `mask` (n,) selects, in order, and how many rows have each."""
        if len(self._entries.rows) < _FEW_ENTRIES:
            selected = self._entries.within(mask).astype(np.float64)
            return np.unique(selected, return_counts=True)
        if self._ranked is None:
            numbers, ranks = np.unique(self._entries.values, return_inverse=True)
            entries = Entries(self._entries.rows, ranks.astype(np.uint32))
            self._ranked = numbers, ValueCounts(entries, self._row_count)
        numbers, counts_of_ranks = self._ranked
        found, counts = counts_of_ranks.among(mask)
        return numbers[found], counts


class _Index:
    """The rows of each code: of frequent ones a bitmap, which is intersected with a mask 64 rows at
    a time, of the others a list.
    """

    def __init__(self, entries: Entries, row_count: int) -> None:
        order = np.argsort(entries.values, kind="stable")
        rows = np.asarray(entries.rows)[order]
        self._codes, starts, self._totals = np.unique(
            entries.values[order], return_index=True, return_counts=True
        )
        frequent = self._totals * _MANY_ROWS > row_count
        self._frequent = np.flatnonzero(frequent)
        self._bitmaps = [
            _packed(_mask(row_count, rows[starts[at] : starts[at] + self._totals[at]]))
            for at in self._frequent
        ]
        self._rare = np.flatnonzero(~frequent)
        places, self._starts = end_to_end(starts[self._rare], self._totals[self._rare])
        self._rows = rows[places].astype(np.intp)  # as numpy looks up: it would convert others each time
        small = row_count // _MANY_ROWS <= np.iinfo(np.uint16).max
        self._sums = np.uint16 if small else np.uint32

    def among(self, mask: Mask) -> tuple[Codes, Counts]:
        """See ValueCounts."""
        counts = np.zeros(len(self._codes), np.int64)
        if len(self._frequent):
            packed = _packed(mask)
            counts[self._frequent] = [int(np.bitwise_count(packed & each).sum()) for each in self._bitmaps]
        if len(self._rare):
            selected = mask.view(np.uint8).take(self._rows, mode="clip")
            counts[self._rare] = np.add.reduceat(selected, self._starts, dtype=self._sums)
        return self._found(counts)

    def without(self, codes: Codes, left_out: Counts) -> tuple[Codes, Counts]:
        """The counts of all rows, less those of some `codes`."""
        counts = self._totals.astype(np.int64)
        counts[np.searchsorted(self._codes, codes)] -= left_out
        return self._found(counts)

    def _found(self, counts: Counts) -> tuple[Codes, Counts]:
        found = np.flatnonzero(counts)
        return self._codes[found], counts[found]


def counted(codes: Codes) -> tuple[Codes, Counts]:
    """The distinct codes in order, and their counts.

    It sorts them only if they are few.
    """
    if len(codes) < _FEW_CODES or (span := int(codes.max()) - (low := int(codes.min()))) > 8 * len(codes):
        return np.unique(codes, return_counts=True)
    counts = np.bincount(codes - low, minlength=span + 1)
    found = np.flatnonzero(counts)
    return found + low, counts[found]


def _mask(row_count: int, rows: NDArray[np.integer[Any]]) -> Mask:
    mask = np.zeros(row_count, np.bool_)
    mask[rows] = True
    return mask


def _packed(mask: Mask) -> NDArray[np.uint64]:
    """Eight rows a byte, filled up to whole words."""
    packed = np.packbits(mask)
    return np.pad(packed, (0, -len(packed) % _WORD)).view(np.uint64)
