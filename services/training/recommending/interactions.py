"""Visitors' opens and purchases, as columns of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.product_memory.memory import DAY_SECONDS

Codes = NDArray[np.int64]

OPEN, PURCHASE = range(2)


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
        if mask.all():
            return self
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
        groups = numbered_groups(visitors, named)
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


def _coded(values: Sequence[str]) -> tuple[list[str], Codes]:
    """The sorted distinct values, and the place of each value among them."""
    if not len(values):
        return [], np.empty(0, np.int64)
    distinct, codes = np.unique(np.asarray(values, object).astype(str), return_inverse=True)
    return distinct.tolist(), codes.astype(np.int64)


def begins(values: NDArray[np.integer]) -> NDArray[np.bool_]:
    """(e,): whether a value differs from the one before it; true for the first."""
    found = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def numbered_groups(visitors: Codes, groups: Codes) -> Codes:
    """(m,): the place of each line's (visitor, group) among all of them."""
    order = np.lexsort((groups, visitors))
    found = np.empty(len(order), np.int64)
    found[order] = np.cumsum(begins(visitors[order]) | begins(groups[order])) - 1
    return found


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
