"""Numbers by which the rows of a segment are sorted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.catalog.order_by import OrderBy
from shared.snapshot.catalog_columns import Entries, Segment, Texts

# The first key: numbers come before texts, and these before rows without a value
NUMBER, TEXT, MISSING = range(3)


@dataclass(frozen=True)
class SortKeys:
    """Two keys a row (n,), smallest first."""

    kinds: NDArray[np.int8]
    values: NDArray[np.float64]  # 0 for rows without one

    @classmethod
    def of(cls, segment: Segment, texts: Texts, order: OrderBy) -> SortKeys:
        """The keys of all rows of a segment. They compare across the segments of `texts`.

        Of several values the first in the order counts.
        """
        direction = -1.0 if order.descending else 1.0
        dense = segment.dense(order.field)
        if dense is not None:
            kinds = np.where(np.isnan(dense), MISSING, NUMBER).astype(np.int8)
            return cls(kinds, np.nan_to_num(direction * np.asarray(dense)))
        keys = cls(np.full(segment.row_count, MISSING, np.int8), np.zeros(segment.row_count))
        if text := segment.text(order.field):
            keys._fill(TEXT, text, direction * texts.sort_keys(text.values))
        if numbers := segment.sparse(order.field):
            keys._fill(NUMBER, numbers, direction * numbers.values)
        return keys

    def _fill(self, kind: int, entries: Entries, values: NDArray[Any]) -> None:
        begins = np.flatnonzero(np.append(True, entries.rows[1:] != entries.rows[:-1]))
        rows = entries.rows[begins]
        self.kinds[rows] = kind
        self.values[rows] = np.minimum.reduceat(values, begins)
