"""Popularity and repeat purchases of products, by distinct visitors a day."""

from __future__ import annotations

import numpy as np

from services.training.recommending.interactions import Codes, Interactions, distinct_rows
from shared.product_memory.memory import DAY_SECONDS, WINDOWS_DAYS
from shared.product_memory.neighbours import Floats

HALF_LIFE_DAYS = 14.0  # of the decayed popularity
_LITTLE = 10.0  # pseudo-count of buyers in a repeat rate, at the shop's mean
_LEAST_GAPS = 5  # gaps between a visitor's purchases of a product, to know its usual gap


def visitor_days(lines: Interactions) -> tuple[Codes, Codes, Codes]:
    """Distinct (product, visitor, day), by product, visitor and day."""
    products, visitors, days = distinct_rows(lines.products, lines.visitors, lines.days)
    return products, visitors, days


def popularity(
    lines: Interactions, now_seconds: float, least_visitors: int, first_only: bool = False
) -> Floats:
    """(products, windows + 1): distinct visitors a day, summed over WINDOWS_DAYS, and decayed.

    0 for a product with fewer than `least_visitors` distinct visitors. `first_only`: only the first
    day of each visitor.
    """
    products, visitors, days = visitor_days(lines)
    if first_only:
        first = np.ones(len(products), bool)
        first[1:] = (np.diff(products) != 0) | (np.diff(visitors) != 0)
        products, visitors, days = products[first], visitors[first], days[first]
    count = len(lines.product_ids)
    ages = now_seconds / DAY_SECONDS - days - 1.0
    found = np.zeros((count, len(WINDOWS_DAYS) + 1), np.float32)
    for window, length in enumerate(WINDOWS_DAYS):
        found[:, window] = np.bincount(products[ages < length], minlength=count)
    found[:, -1] = np.bincount(products, 0.5 ** (np.maximum(ages, 0.0) / HALF_LIFE_DAYS), minlength=count)
    buyers = np.bincount(distinct_rows(products, visitors)[0], minlength=count)
    found[buyers < least_visitors] = 0.0
    return found


def repeat_rate(purchases: Interactions) -> Floats:
    """(products,): share of buyers who bought on another day too, shrunk to the mean."""
    products, visitors, _ = visitor_days(purchases)
    count = len(purchases.product_ids)
    # Same product and visitor as the previous row; rows are ordered by day
    same = (np.diff(products) == 0) & (np.diff(visitors) == 0)
    first = np.ones(len(products), bool)
    first[1:] = ~same
    second = np.zeros(len(products), bool)
    second[1:] = same & first[:-1]
    buyers = np.bincount(products[first], minlength=count)
    again = np.bincount(products[second], minlength=count)
    mean = again.sum() / max(1, buyers.sum())
    rates: Floats = ((again + _LITTLE * mean) / (buyers + _LITTLE)).astype(np.float32)
    return rates


def repeat_days(purchases: Interactions) -> Floats:
    """(products,): median days between a visitor's purchases; nan below _LEAST_GAPS gaps."""
    products, visitors, days = visitor_days(purchases)
    same = (np.diff(products) == 0) & (np.diff(visitors) == 0)
    gaps, of_product = np.diff(days)[same], products[1:][same]
    order = np.lexsort((gaps, of_product))
    counts = np.bincount(of_product, minlength=len(purchases.product_ids))
    starts = np.cumsum(counts) - counts
    known = np.flatnonzero(counts >= _LEAST_GAPS)
    found = np.full(len(counts), np.nan, np.float32)
    found[known] = gaps[order][starts[known] + counts[known] // 2]
    return found


def first_days(lines: Interactions) -> Floats:
    """(products,): the first day of an open or purchase, in days since 1970; nan: never."""
    found = np.full(len(lines.product_ids), np.inf)
    np.minimum.at(found, lines.products, lines.days)
    return np.where(np.isinf(found), np.nan, found).astype(np.float32)


def usual_prices(purchases: Interactions) -> Floats:
    """(products,): the median price paid; nan: not known."""
    priced = purchases.where(~np.isnan(purchases.prices))
    order = np.lexsort((priced.prices, priced.products))
    counts = np.bincount(priced.products, minlength=len(purchases.product_ids))
    starts = np.cumsum(counts) - counts
    known = np.flatnonzero(counts)
    found = np.full(len(counts), np.nan, np.float32)
    found[known] = priced.prices[order][starts[known] + counts[known] // 2]
    return found
