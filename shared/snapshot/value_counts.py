"""Counts of one field's values among any rows of a segment."""

from __future__ import annotations

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
_FEW_ROWS = 100  # one in so many rows: their entries are looked up
_MANY_ROWS = 32  # a code that one in so many rows has gets a bitmap
_FEW_CODES = 1_000
_WORD = 8  # bytes
_NOTHING = Entries(np.empty(0, np.uint32), np.empty(0, np.uint32))


class ValueCounts:
    """Counts the rows of each code.

    Frequent codes have a bitmap of their rows, which a mask is intersected with, 64 rows at a time;
    the others have a list of theirs. Both are made when a large mask first needs them.
    """

    def __init__(self, entries: Entries | None, row_count: int) -> None:
        self._entries = entries or _NOTHING
        self._row_count = row_count
        self._index: _Index | None = None

    def among(self, mask: Mask) -> tuple[Codes, Counts]:
        """The codes of the rows that `mask` (n,) selects, in order, and how many rows have each."""
        if len(self._entries.rows) < _FEW_ENTRIES:
            return counted(self._entries.within(mask))
        selected = int(np.count_nonzero(mask))
        if selected * _FEW_ROWS < self._row_count:
            return counted(self._codes_at(np.flatnonzero(mask)))
        if self._index is None:
            self._index = _Index(self._entries, self._row_count)
        return self._index.among(mask)

    def _codes_at(self, rows: NDArray[np.int64]) -> Codes:
        wanted = rows.astype(self._entries.rows.dtype)
        first = np.searchsorted(self._entries.rows, wanted, "left")
        last = np.searchsorted(self._entries.rows, wanted, "right")
        places, _ = end_to_end(first, last - first)
        return np.asarray(self._entries.values[places])


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
    def __init__(self, entries: Entries, row_count: int) -> None:
        order = np.argsort(entries.values, kind="stable")
        rows = np.asarray(entries.rows)[order]
        self._codes, starts, counts = np.unique(entries.values[order], return_index=True, return_counts=True)
        frequent = counts * _MANY_ROWS > row_count
        self._frequent = np.flatnonzero(frequent)
        self._bitmaps = [
            _packed(_mask(row_count, rows[starts[at] : starts[at] + counts[at]])) for at in self._frequent
        ]
        self._rare = np.flatnonzero(~frequent)
        places, self._starts = end_to_end(starts[self._rare], counts[self._rare])
        self._rows = rows[places]

    def among(self, mask: Mask) -> tuple[Codes, Counts]:
        counts = np.zeros(len(self._codes), np.int64)
        packed = _packed(mask)
        counts[self._frequent] = [int(np.bitwise_count(packed & each).sum()) for each in self._bitmaps]
        if len(self._rare):
            selected = mask.view(np.uint8).take(self._rows)
            counts[self._rare] = np.add.reduceat(selected, self._starts, dtype=np.uint32)
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
