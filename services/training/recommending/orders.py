"""The purchases of each visitor before a moment, and the first order after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.reranker.recommending.history import History
from services.training.recommending.interactions import PURCHASE, Interactions, distinct_rows
from shared.features.visitor import BoughtProduct


@dataclass(frozen=True, slots=True)
class Order:
    """The products that a visitor bought together."""

    visitor: int  # place in Interactions.visitor_ids
    seconds: float  # since 1970
    product_ids: tuple[str, ...]  # distinct, in order


def orders_between(lines: Interactions, from_seconds: float, to_seconds: float) -> list[Order]:
    """The orders of a period, by visitor and then by time."""
    bought = lines.of_kind(PURCHASE)
    bought = bought.where((bought.seconds >= from_seconds) & (bought.seconds < to_seconds))
    order = np.lexsort((bought.groups, bought.seconds, bought.visitors))
    found: dict[int, tuple[int, float, dict[str, None]]] = {}
    columns = (bought.visitors, bought.seconds, bought.groups, bought.products)
    for visitor, at, group, product in zip(*(column[order].tolist() for column in columns), strict=True):
        products = found.setdefault(group, (visitor, at, {}))[2]
        products[lines.product_ids[product]] = None
    return [Order(visitor, at, tuple(products)) for visitor, at, products in found.values()]


def first_orders(lines: Interactions, from_seconds: float, to_seconds: float) -> list[Order]:
    """The first order in a period of each visitor with a purchase before it."""
    past = lines.of_kind(PURCHASE).before(from_seconds)
    known = set(np.unique(past.visitors).tolist())
    found: dict[int, Order] = {}
    for order in orders_between(lines, from_seconds, to_seconds):
        if order.visitor in known:
            found.setdefault(order.visitor, order)
    return list(found.values())


def histories(lines: Interactions, before_seconds: float) -> dict[int, History]:
    """The history of each visitor with a purchase before a moment."""
    past = lines.of_kind(PURCHASE).before(before_seconds)
    visitors, products, days = distinct_rows(past.visitors, past.products, past.days)
    starts = np.flatnonzero((np.diff(visitors, prepend=-1) != 0) | (np.diff(products, prepend=-1) != 0))
    ends = np.append(starts[1:], len(visitors)) if len(starts) else starts
    found: dict[int, list[BoughtProduct]] = {}
    bought_days: dict[int, set[int]] = {}
    for visitor, day in zip(visitors.tolist(), days.tolist(), strict=True):
        bought_days.setdefault(visitor, set()).add(day)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        name = lines.product_ids[products[start]]
        bought = BoughtProduct(name, end - start, int(days[start]), int(days[end - 1]))
        found.setdefault(int(visitors[start]), []).append(bought)
    return {
        visitor: History.of(purchased, bought_days=bought_days[visitor])
        for visitor, purchased in found.items()
    }
