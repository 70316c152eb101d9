"""The orders that a shopper may ask for. Each is computed once a snapshot, and once a delta."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.catalog.fields import ORDER_NAMES, ORDERS, RELEVANCE
from shared.errors import InvalidRequest
from shared.snapshot.catalog_columns import Segment

Order = NDArray[np.uint32]  # (n,) rows, the first first
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_LOOKED_AT = 10_000  # rows at a time


def check(order_by: str) -> str:
    """Return the requested order, relevance if empty. Raises InvalidRequest for an unknown one."""
    if order_by in ("", *ORDER_NAMES):
        return order_by or RELEVANCE
    raise InvalidRequest("order_by", (f"{order_by!r} is not an order; use one of {', '.join(ORDER_NAMES)}"))


class RowOrders(Protocol):
    """Rows in each order. Missing values are last; ties are by popularity, then in row order."""

    def first(self, order_by: str, limit: int, mask: Mask | None) -> Rows:
        """The first `limit` rows that `mask` (n,) selects, or of all.

        Relevance without a query is popularity.
        """


class Orders:
    """RowOrders of one segment of the columns."""

    def __init__(self, columns: Segment) -> None:
        self._columns = columns
        self._made: dict[str, Order] = {}

    @property
    def row_count(self) -> int:
        return self._columns.row_count

    def first(self, order_by: str, limit: int, mask: Mask | None) -> Rows:
        """See RowOrders."""
        order = self._of(order_by)
        return (order[:limit] if mask is None else _selected(order, mask, limit)).astype(np.int64)

    @cached_property
    def popular(self) -> Order:
        """Rows by popularity, the highest first."""
        return np.argsort(-self._popularity, kind="stable").astype(np.uint32)

    @cached_property
    def _popularity(self) -> NDArray[np.float64]:
        """Rating average x log(1 + ratings)."""
        average = self._number("rating")
        count = self._number("rating_count")
        return np.asarray(np.nan_to_num(average) * np.log1p(np.nan_to_num(count)))

    def keys(self, order_by: str, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The sort keys of `rows` (k,), smallest first.

        The order's own number, then popularity.
        """
        popularity = -self._popularity[rows]
        if order_by == RELEVANCE:
            return popularity, popularity
        column, direction = ORDERS[order_by]
        return direction * self._number(column)[rows], popularity

    def _of(self, order_by: str) -> Order:
        if order_by == RELEVANCE:
            return self.popular
        if order_by not in self._made:
            column, direction = ORDERS[order_by]
            keys = direction * self._number(column)[self.popular]  # NaN sorts last either way
            self._made[order_by] = self.popular[np.argsort(keys, kind="stable")]
        return self._made[order_by]

    def _number(self, name: str) -> NDArray[np.float64]:
        values = self._columns.dense(name)
        assert values is not None
        return np.asarray(values)


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
    """RowOrders of several segments, whose rows follow each other."""

    parts: Sequence[Orders]
    # (n,): the row that each product had first; ties are in this order, so that a product that is
    # written again keeps its place. None: row order
    homes: Rows | None = None

    def first(self, order_by: str, limit: int, mask: Mask | None) -> Rows:
        """See RowOrders."""
        start = 0
        rows = []
        keys = []
        popularities = []
        for part in self.parts:
            inside = None if mask is None else mask[start : start + part.row_count]
            # Ties within a delta are in another order than its rows
            found = part.first(order_by, part.row_count if start else limit, inside)
            key, popularity = part.keys(order_by, found)
            rows.append(found + start)
            keys.append(key)
            popularities.append(popularity)
            start += part.row_count
        merged = np.concatenate(rows)
        homes = merged if self.homes is None else self.homes[merged]
        order = np.lexsort((homes, np.concatenate(popularities), np.concatenate(keys)))
        return merged[order][:limit]
