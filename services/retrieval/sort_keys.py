"""Numbers by which the rows of a segment are sorted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.snapshot.catalog_columns import Entries, Segment, Texts

Keys = NDArray[np.float64]

MISSING = np.inf  # the key of rows without a value


@dataclass(frozen=True, slots=True)
class Column:
    """What is sorted by, and in which direction; no field for popularity."""

    field: str
    descending: bool
    textual: bool  # by texts. A field that has numbers is sorted by these alone


def column_keys(segment: Segment, texts: Texts, column: Column) -> Keys:
    """The keys (n,) of all rows, smallest first. They compare across the segments of `texts`.

    Of several values the first in the order counts.
    """
    direction = -1.0 if column.descending else 1.0
    dense = segment.dense(column.field)
    if dense is not None:
        return np.nan_to_num(direction * np.asarray(dense), nan=MISSING)
    entries = segment.text(column.field) if column.textual else segment.sparse(column.field)
    keys = np.full(segment.row_count, MISSING)
    if entries is not None and len(entries.rows):
        values = texts.sort_keys(entries.values) if column.textual else entries.values
        rows, first = _firsts(entries)
        keys[rows] = np.minimum.reduceat(direction * values, first)
    return keys


def _firsts(entries: Entries) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """The different rows, and where the entries of each begin."""
    begins = np.append(True, entries.rows[1:] != entries.rows[:-1])
    first = np.flatnonzero(begins)
    return entries.rows[first], first
