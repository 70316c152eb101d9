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

from services.retrieval.sort_keys import Column, column_keys
from shared.catalog.order_by import OrderBy
from shared.snapshot.catalog_columns import Segment, Texts

Order = NDArray[np.uint32]  # (n,) rows, the first first
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Keys = NDArray[np.float64]

_LOOKED_AT = 10_000  # rows at a time
_MOST_MADE = 12  # orders kept, at 12 bytes a row


class RowOrders(Protocol):
    """Rows in each order.

    Missing values are last. Of equal rows those in stock are first, then the more popular, then
    those with the lower row.
    """

    def first(self, order: OrderBy, limit: int, mask: Mask | None) -> Rows:
        """The first `limit` rows that `mask` (n,) selects, or of all.

        Relevance without a query is popularity.
        """

    def keys(self, order: OrderBy, rows: Rows) -> Keys:
        """The sort keys (3, k) of `rows` (k,), the most significant first, smallest first."""

    def tied(self, order: OrderBy, key: float) -> Mask:
        """The rows (n,) whose most significant key is `key`."""


class Orders:
    """The orders of one segment of the columns."""

    def __init__(self, columns: Segment, texts: Texts) -> None:
        """`texts` are the columns' texts."""
        self._columns = columns
        self._texts = texts
        self._made: dict[Column, tuple[Keys, Order]] = {}
        self._lock = Lock()

    @property
    def row_count(self) -> int:
        return self._columns.row_count

    def has_numbers(self, field: str) -> bool:
        """Whether some row has a number in the field."""
        return self._columns.dense(field) is not None or self._columns.sparse(field) is not None

    def first(self, column: Column, limit: int, mask: Mask | None) -> Rows:
        """See RowOrders."""
        order = self._of(column)
        return (order[:limit] if mask is None else _selected(order, mask, limit)).astype(np.int64)

    def keys(self, column: Column, rows: Rows) -> Keys:
        """See RowOrders."""
        sold_out = self.sold_out[rows].astype(np.float64)
        unpopular = -self._popularity[rows]
        if not column.field:
            return np.stack([unpopular, sold_out, sold_out])
        return np.stack([self._keys(column)[rows], sold_out, unpopular])

    def tied(self, column: Column, key: float) -> Mask:
        """See RowOrders."""
        return np.asarray(self._keys(column) == key)

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

    def _keys(self, column: Column) -> Keys:
        return self._kept(column)[0] if column.field else -self._popularity

    def _of(self, column: Column) -> Order:
        return self._kept(column)[1] if column.field else self._popular

    def _kept(self, column: Column) -> tuple[Keys, Order]:
        made = self._made.get(column)
        if made is None:
            keys = column_keys(self._columns, self._texts, column)
            order = self._in_stock_first[np.argsort(keys[self._in_stock_first], kind="stable")]
            made = keys, order
            with self._lock:
                self._made[column] = made
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

    def first(self, order: OrderBy, limit: int, mask: Mask | None) -> Rows:
        """See RowOrders."""
        column = self._column(order)
        rows = []
        start = 0
        for part in self.parts:
            inside = None if mask is None else mask[start : start + part.row_count]
            rows.append(part.first(column, limit, inside) + start)
            start += part.row_count
        if len(rows) == 1:
            return rows[0]
        merged = np.concatenate(rows)
        return merged[np.lexsort((merged, *self.keys(order, merged)[::-1]))][:limit]

    def keys(self, order: OrderBy, rows: Rows) -> Keys:
        """See RowOrders."""
        column = self._column(order)
        found = np.empty((3, len(rows)))
        start = 0
        for part in self.parts:
            inside = (rows >= start) & (rows < start + part.row_count)
            found[:, inside] = part.keys(column, rows[inside] - start)
            start += part.row_count
        return found

    def tied(self, order: OrderBy, key: float) -> Mask:
        """See RowOrders."""
        column = self._column(order)
        return np.concatenate([part.tied(column, key) for part in self.parts])

    def _column(self, order: OrderBy) -> Column:
        numeric = any(part.has_numbers(order.field) for part in self.parts)
        return Column(order.field, order.descending, textual=not numeric)
