"""Rows as services exchange them, and rows as their cores use them.

Core: a product of the snapshot has the snapshot's row. A later product has the snapshot's count +
its slot, in the order in which this process applied it. Wire: the snapshot's row, or its count +
the record's offset in aisle.vectors after the snapshot's position. It is the same on every replica,
even if compaction has removed records in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.errors import SnapshotGone, Unavailable

Rows = NDArray[np.int64]
UNKNOWN = -1


@dataclass(frozen=True)
class WireRows:
    """Translates both ways for one state of a snapshot."""

    product_count: int  # of the snapshot
    vectors_position: int  # offset in aisle.vectors that the snapshot contains
    offsets: Rows  # (slots,): the offset of each slot's record, ascending
    position: int  # offset in aisle.vectors up to which changes are applied

    def to_wire(self, rows: Rows) -> Rows:
        """The wire rows of core rows (k,)."""
        if not len(self.offsets):
            return rows
        slots = np.maximum(rows - self.product_count, 0)
        since = self.product_count + self.offsets[slots] - self.vectors_position - 1
        return np.where(rows < self.product_count, rows, since)

    def to_core(self, rows: Rows) -> Rows:
        """The core rows (k,) of wire rows. UNKNOWN for rows that this process lacks."""
        of_snapshot = np.where(rows < self.product_count, rows, UNKNOWN)
        if not len(self.offsets):
            return of_snapshot
        wanted = rows - self.product_count + self.vectors_position + 1
        slots = np.minimum(np.searchsorted(self.offsets, wanted), len(self.offsets) - 1)
        found = (rows >= self.product_count) & (self.offsets[slots] == wanted)
        return np.where(found, self.product_count + slots, of_snapshot)

    def held(self, rows: Rows) -> Rows:
        """Like to_core, but requires every row.

        Raises Unavailable for a row that has not arrived yet, SnapshotGone for a row that the log
        no longer has.
        """
        found = self.to_core(rows)
        if (missing := found == UNKNOWN).any():
            row = int(rows[missing].max())
            if row - self.product_count + self.vectors_position + 1 > self.position:
                raise Unavailable(f"rows: {row} has not arrived at this replica yet; retry")
            raise SnapshotGone(f"rows: {row} has been replaced since; ask for the page again")
        return found
