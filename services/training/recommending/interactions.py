"""Visitors' opens and purchases, as columns of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared.product_memory.memory import DAY_SECONDS

if TYPE_CHECKING:
    import pyarrow as pa

Codes = NDArray[np.int64]

OPEN, PURCHASE = range(2)
_KIND_OF = {"view": OPEN, "click": OPEN, "purchase": PURCHASE}  # other actions are not read
# Columns of the table of interactions that are read
COLUMNS = (
    *("visitor_id", "session_id", "query_id", "event_id", "action"),
    *("product_id", "price", "event_time", "left_out"),
)


@dataclass(frozen=True, slots=True)
class Interactions:
    """m lines, as columns (m,). Codes are places in visitor_ids and product_ids."""

    visitors: Codes
    products: Codes
    kinds: NDArray[np.int8]  # OPEN, PURCHASE
    seconds: NDArray[np.float64]  # since 1970
    groups: Codes  # the session of an open, the order of a purchase
    prices: NDArray[np.float32]  # nan: not known
    visitor_ids: Sequence[str]
    product_ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.visitors)

    @property
    def days(self) -> Codes:
        """(m,): days since 1970."""
        return np.asarray(self.seconds // DAY_SECONDS, np.int64)

    def where(self, mask: NDArray[np.bool_]) -> Interactions:
        """The lines that `mask` (m,) selects, with the same codes."""
        return replace(
            self,
            visitors=self.visitors[mask],
            products=self.products[mask],
            kinds=self.kinds[mask],
            seconds=self.seconds[mask],
            groups=self.groups[mask],
            prices=self.prices[mask],
        )

    def before(self, seconds: float) -> Interactions:
        """The lines before a moment."""
        return self.where(self.seconds < seconds)

    def of_kind(self, kind: int) -> Interactions:
        """The lines of one kind, OPEN or PURCHASE."""
        return self.where(self.kinds == kind)


@dataclass(frozen=True, slots=True)
class NamedInteractions:
    """m lines with names, as columns (m,)."""

    visitors: Sequence[str]
    groups: Sequence[str]  # session of an open, order of a purchase; visitors may share a name
    kinds: NDArray[np.int8]
    products: Sequence[str]
    seconds: NDArray[np.float64]  # since 1970
    prices: NDArray[np.float32]  # nan: not known

    def coded(self) -> Interactions:
        """The same lines with names replaced by codes."""
        visitor_ids, visitors = _coded(self.visitors)
        product_ids, products = _coded(self.products)
        named = _coded(self.groups)[1]
        groups = np.unique(visitors * (named.max(initial=0) + 1) + named, return_inverse=True)[1]
        return Interactions(
            visitors,
            products,
            self.kinds,
            self.seconds,
            groups,
            self.prices,
            visitor_ids,
            product_ids,
        )


def from_table(table: pa.Table, counts_without_page: bool = False) -> Interactions:
    """The lines of a table of interactions (COLUMNS) that count: of known visitors, not left out.

    An open counts if it names a page of its visitor, or with `counts_without_page`. A purchase
    always counts, since orders come from the shop.
    """
    import pyarrow.compute as pc

    known = pc.and_(pc.not_equal(table["visitor_id"], ""), pc.equal(table["left_out"], ""))
    read = pc.is_in(table["action"], value_set=_array(list(_KIND_OF)))
    if not counts_without_page:
        has_page = pc.or_(pc.equal(table["action"], "purchase"), pc.not_equal(table["query_id"], ""))
        known = pc.and_(known, has_page)
    rows = table.filter(pc.and_(known, read))
    actions = rows["action"].to_pylist()
    moments = [time.timestamp() for time in rows["event_time"].to_pylist()]
    return NamedInteractions(
        rows["visitor_id"].to_pylist(),
        _groups(actions, moments, rows["session_id"].to_pylist(), rows["event_id"].to_pylist()),
        np.array([_KIND_OF[action] for action in actions], np.int8),
        rows["product_id"].to_pylist(),
        np.array(moments, np.float64),
        _prices(rows),
    ).coded()


def _prices(rows: pa.Table) -> NDArray[np.float32]:
    prices = rows["price"].to_pylist()
    return np.array([np.nan if price is None else price for price in prices], np.float32)


def _groups(
    actions: Sequence[str], moments: Sequence[float], sessions: Sequence[str], events: Sequence[str]
) -> list[str]:
    """The order of each purchase, and the session of each open.

    An order may come in several events of one moment: one for each search, or for each line. An
    open without a session is a group of its own.
    """
    return [
        f"o{moment}" if action == "purchase" else f"s{session}" if session else f"e{event}"
        for action, moment, session, event in zip(actions, moments, sessions, events, strict=True)
    ]


def _array(values: Sequence[str]) -> pa.Array:
    import pyarrow

    return pyarrow.array(values)


def _coded(values: Sequence[str]) -> tuple[list[str], Codes]:
    """The sorted distinct values, and the place of each value among them."""
    if not len(values):
        return [], np.empty(0, np.int64)
    distinct, codes = np.unique(np.asarray(values, object).astype(str), return_inverse=True)
    return distinct.tolist(), codes.astype(np.int64)


def distinct_rows(*columns: Codes) -> tuple[Codes, ...]:
    """The distinct rows of columns of whole numbers, sorted by the first column, then the next.

    Each row becomes a single number if that fits into 63 bits. Numbers sort many times faster than
    rows.
    """
    low = [int(column.min(initial=0)) for column in columns]
    spans = [int(column.max(initial=0)) - least + 1 for column, least in zip(columns, low, strict=True)]
    if math.prod(spans) >= 1 << 63:
        return tuple(np.unique(np.stack(columns), axis=1))
    keys = np.zeros(len(columns[0]), np.int64)
    for column, least, span in zip(columns, low, spans, strict=True):
        keys *= span
        keys += column - least
    keys.sort()  # numpy.unique hashes, which is slow for such similar keys
    keys = keys[np.diff(keys, prepend=-1) != 0]
    found = []
    for least, span in reversed(list(zip(low, spans, strict=True))):
        keys, rest = np.divmod(keys, span)
        found.append(rest + least)
    return tuple(reversed(found))
