"""The orders a shopper may ask for, each worked out once a snapshot."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidRequest
from shared.snapshot.columns import Columns

Order = NDArray[np.uint32]  # (n,) rows, the first first

RELEVANCE = "relevance"
ORDERS = (RELEVANCE, "price asc", "price desc", "rating desc", "newest")


def check(order_by: str) -> str:
    """The order asked for, relevance when empty. Raises InvalidRequest for an unknown one."""
    if order_by in ("", *ORDERS):
        return order_by or RELEVANCE
    raise InvalidRequest("order_by", f"{order_by!r} is not an order; use one of {', '.join(ORDERS)}")


class Orders:
    """Rows in each order; missing values last, ties by popularity, then in row order."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._made: dict[str, Order] = {}

    def first(self, order_by: str, limit: int, mask: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """The first `limit` rows that `mask` (n,) selects, or of all; relevance without a query is popularity."""
        order = self._of(order_by)
        return (order if mask is None else order[mask[order]])[:limit].astype(np.int64)

    @cached_property
    def popular(self) -> Order:
        """Rows by rating average x log(1 + ratings), the highest first."""
        average, count = self._number("rating"), self._number("rating_count")
        popularity = np.nan_to_num(average) * np.log1p(np.nan_to_num(count))
        return np.argsort(-popularity, kind="stable").astype(np.uint32)

    def _of(self, order_by: str) -> Order:
        if order_by == RELEVANCE:
            return self.popular
        if order_by not in self._made:
            column, direction = {
                "price asc": ("price", 1.0),
                "price desc": ("price", -1.0),
                "rating desc": ("rating", -1.0),
                "newest": ("publish_time", -1.0),
            }[order_by]
            keys = direction * self._number(column)[self.popular]  # NaN sorts last either way
            self._made[order_by] = self.popular[np.argsort(keys, kind="stable")]
        return self._made[order_by]

    def _number(self, name: str) -> NDArray[np.float64]:
        values = self._columns.dense(name)
        assert values is not None
        return np.asarray(values)
