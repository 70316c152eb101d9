"""Which rows have a value of a soft field: a brand, category, colour or size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_values import Value
from shared.snapshot.catalog_columns import CatalogColumns, Entries
from shared.snapshot.spans import end_to_end

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


def having(snapshot: Snapshot, value: Value, rows: Rows) -> tuple[Mask, Mask]:
    """Which rows (k,) have a value of the kind, and which have one with all words of this one."""
    has_any = np.zeros(len(rows), np.bool_)
    has_it = np.zeros(len(rows), np.bool_)
    wanted = np.array(snapshot.soft_values.codes(value), np.int64)
    for field in snapshot.soft_values.fields.get(value.kind, ()):
        places, codes = _entries(snapshot.columns, field, rows)
        has_any[places] = True
        has_it[places[np.isin(codes, wanted)]] = True
    return has_any, has_it


def _entries(columns: CatalogColumns, field: str, rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    """The texts of a field in some rows (k,): the place of each one's row, and its code."""
    found = list[tuple[Rows, NDArray[np.int64]]]()
    start = 0
    for segment in columns.segments:
        if entries := segment.text(field):
            within = np.flatnonzero((rows >= start) & (rows < start + segment.row_count))
            found.append(_of_segment(entries, within, rows[within] - start))
        start += segment.row_count
    if len(found) == 1:
        return found[0]
    nothing = np.empty(0, np.int64)
    places, codes = zip((nothing, nothing), *found, strict=True)
    return np.concatenate(places), np.concatenate(codes)


def _of_segment(entries: Entries, places: Rows, rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    wanted = rows.astype(entries.rows.dtype)
    first = np.searchsorted(entries.rows, wanted)
    counts = np.searchsorted(entries.rows, wanted, side="right") - first
    at, _ = end_to_end(first, counts)
    return np.repeat(places, counts), entries.values[at].astype(np.int64)
