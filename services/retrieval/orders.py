"""Rows in the orders that a shopper may ask for.

Each order is made at its first use, once a snapshot and once a delta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.retrieval.sort_keys import SortKeys
from shared.catalog.order_by import OrderBy
from shared.snapshot.catalog_columns import Segment, Texts

Order = NDArray[np.uint32]  # (n,) rows, the first first
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Keys = NDArray[np.float64]

_LOOKED_AT = 10_000  # rows at a time
_MOST_MADE = 12  # orders kept, at 13 bytes a row


class RowOrders(Protocol):
    """Rows in each order.

    Numbers come before texts, and missing values are last. Of equal rows those in stock are first,
    then the more popular, then those with the lower row.
    """

    def first(self, order: OrderBy, limit: int, mask: Mask | None) -> Rows:
        """The first `limit` rows that `mask` (n,) selects, or of all.

        Relevance without a query is popularity.
        """

    def keys(self, order: OrderBy, rows: Rows) -> Keys:
        """The sort keys (4, k) of `rows` (k,), the most significant first, smallest first.

        The first two are of the value.
        """

    def tied(self, order: OrderBy, row: int) -> Mask:
        """The rows (n,) with the same value as a row."""


class Orders:
    """The orders of one segment of the columns."""

    def __init__(self, columns: Segment, texts: Texts) -> None:
        """`texts` are the columns' texts."""
        self._columns = columns
        self._texts = texts
        self._made: dict[OrderBy, tuple[SortKeys, Order]] = {}
        self._lock = Lock()

    @property
    def row_count(self) -> int:
        return self._columns.row_count

    def first(self, order: OrderBy, limit: int, mask: Mask | None) -> Rows:
        """See RowOrders."""
        rows = self._of(order)
        return (rows[:limit] if mask is None else _selected(rows, mask, limit)).astype(np.int64)

    def keys(self, order: OrderBy, rows: Rows) -> Keys:
        """See RowOrders."""
        sold_out = self.sold_out[rows].astype(np.float64)
        unpopular = -self._popularity[rows]
        if order.by_relevance:
            return np.stack([np.zeros(len(rows)), unpopular, sold_out, sold_out])
        made, _ = self._kept(order)
        return np.stack([made.kinds[rows], made.values[rows], sold_out, unpopular])

    def valued(self, order: OrderBy, kind: float, value: float) -> Mask:
        """The rows (n,) with a value, by its keys."""
        made, _ = self._kept(order)
        return np.asarray((made.kinds == kind) & (made.values == value))

    @cached_property
    def sold_out(self) -> Mask:
        """The rows (n,) that are sold out, by their availability or quantity."""
        quantity = self._columns.dense("available_quantity")
        assert quantity is not None
        mask = np.asarray(quantity) <= 0
        if entries := self._columns.text("availability"):
            for span in self._texts.spans("out_of_stock"):
                mask[entries.rows[(entries.values >= span.start) & (entries.values < span.stop)]] = True
        return mask

    @cached_property
    def _popularity(self) -> Keys:
        """Rating average x log(1 + ratings)."""
        average = self._columns.dense("rating")
        count = self._columns.dense("rating_count")
        assert average is not None and count is not None
        return np.asarray(np.nan_to_num(average) * np.log1p(np.nan_to_num(count)))

    @cached_property
    def _popular(self) -> Order:
        return np.lexsort((self.sold_out, -self._popularity)).astype(np.uint32)

    @cached_property
    def _in_stock_first(self) -> Order:
        """Rows as they are ordered if they are equal."""
        return np.lexsort((-self._popularity, self.sold_out)).astype(np.uint32)

    def _of(self, order: OrderBy) -> Order:
        return self._popular if order.by_relevance else self._kept(order)[1]

    def _kept(self, order: OrderBy) -> tuple[SortKeys, Order]:
        made = self._made.get(order)
        if made is None:
            keys = SortKeys.of(self._columns, self._texts, order)
            ties = self._in_stock_first
            made = keys, ties[np.lexsort((keys.values[ties], keys.kinds[ties]))]
            with self._lock:
                self._made[order] = made
                if len(self._made) > _MOST_MADE:
                    del self._made[next(iter(self._made))]
        return made


def _selected(order: Order, mask: Mask, limit: int) -> Order:
    """The first `limit` that `mask` (n,) selects. Looks no further than it must."""
    found: list[Order] = []
    missing = limit
    for start in range(0, len(order), _LOOKED_AT):
        rows = order[start : start + _LOOKED_AT]
        found.append(rows[mask[rows]][:missing])
        missing -= len(found[-1])
        if missing <= 0:
            break
    return np.concatenate(found) if found else order


@dataclass(frozen=True)
class MergedOrders:
    """RowOrders of one or several segments, whose rows follow each other."""

    parts: Sequence[Orders]
    # (n,): original row of each product, used to break ties so that rewritten products keep their
    # place. None: row order
    homes: Rows | None = None

    def first(self, order: OrderBy, limit: int, mask: Mask | None) -> Rows:
        """See RowOrders."""
        rows = []
        start = 0
        for part in self.parts:
            inside = None if mask is None else mask[start : start + part.row_count]
            # Ties within a delta are in another order than its rows
            rows.append(part.first(order, part.row_count if start else limit, inside) + start)
            start += part.row_count
        if len(rows) == 1:
            return rows[0]
        merged = np.concatenate(rows)
        return merged[np.lexsort((self.home(merged), *self.keys(order, merged)[::-1]))][:limit]

    def home(self, rows: Rows) -> Rows:
        """The original row of the product of each of `rows` (k,)."""
        return rows if self.homes is None else self.homes[rows]

    def keys(self, order: OrderBy, rows: Rows) -> Keys:
        """See RowOrders."""
        found = np.empty((4, len(rows)))
        start = 0
        for part in self.parts:
            inside = (rows >= start) & (rows < start + part.row_count)
            found[:, inside] = part.keys(order, rows[inside] - start)
            start += part.row_count
        return found

    def tied(self, order: OrderBy, row: int) -> Mask:
        """See RowOrders."""
        kind, value = self.keys(order, np.array([row]))[:2, 0].tolist()
        return np.concatenate([part.valued(order, kind, value) for part in self.parts])
