"""Every feature that shoppers' doings make, with both its ends: what an event adds, and what ranking reads.

An event adds 1 to a counter of each product that it is about, on the day it happened: to the product's own, and to
that of the product under its query when a search led to it. A page that was shown adds 1 to SHOWN. What ranking reads
are the columns: counts and rates in the time before the page. `columns.py` makes them, `services/feedback` adds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SCHEMA = 1  # of keys, values and meaning: raise it with every change of them, and the store is built anew

# Counters, by their number in what is stored: never reuse one.
SHOWN, VIEW, CLICK, WISHLIST, ADD_TO_CART, REMOVE_FROM_CART, PURCHASE = range(7)
COUNTERS = 7
COUNTER_OF = {
    "view": VIEW,
    "click": CLICK,
    "wishlist": WISHLIST,
    "add_to_cart": ADD_TO_CART,
    "remove_from_cart": REMOVE_FROM_CART,
    "purchase": PURCHASE,
}

# What each action says about a visitor's interest, relative to a click. Orders of magnitude as in implicit-feedback
# practice (Hu, Koren, Volinsky 2008: confidence grows with the effort of the action).
WEIGHT_OF = {"view": 0.5, "click": 1.0, "wishlist": 2.0, "add_to_cart": 3.0, "purchase": 4.0, "remove_from_cart": -3.0}

WINDOW_DAYS = (1, 7, 30)
DAY, WEEK, MONTH, LIFETIME = range(4)  # their places, and that of the total
KEPT_DAYS = 30  # the longest window: older days are only in the total

OPENED = (CLICK, VIEW)  # a shop sends one of the two for a product that was opened, or both
USUAL_SHOWN = 20.0  # times that a product is treated as having been shown, with the usual outcome


@dataclass(frozen=True, slots=True)
class Count:
    """log(1 + n), n the largest of the counters in the window; 0 when nothing has happened."""

    counters: tuple[int, ...]
    window: int


@dataclass(frozen=True, slots=True)
class Rate:
    """How often what was shown had this outcome in the window: (n + 20 usual) / (shown + 20).

    n is the largest of the counters, and at most shown, since shoppers come by other ways, too. `usual` is the rate of
    all candidates together; under a query it is the product's own rate. Nan when none of the candidates was shown.
    Positions are not corrected for.
    """

    counters: tuple[int, ...]
    window: int


PRODUCT_COLUMNS: Mapping[str, Count | Rate] = {
    "product_opens_1d": Count(OPENED, DAY),
    "product_opens_7d": Count(OPENED, WEEK),
    "product_opens_30d": Count(OPENED, MONTH),
    "product_carts_7d": Count((ADD_TO_CART,), WEEK),
    "product_carts_30d": Count((ADD_TO_CART,), MONTH),
    "product_purchases_7d": Count((PURCHASE,), WEEK),
    "product_purchases_30d": Count((PURCHASE,), MONTH),
    "product_purchases_total": Count((PURCHASE,), LIFETIME),
    "product_open_rate_30d": Rate(OPENED, MONTH),
    "product_cart_rate_30d": Rate((ADD_TO_CART,), MONTH),
    "product_purchase_rate_30d": Rate((PURCHASE,), MONTH),
}
IDLE_DAYS = "product_idle_days"  # whole days since anybody did anything with the product; nan after KEPT_DAYS
QUERY_COLUMNS: Mapping[str, Count | Rate] = {
    "query_opens_1d": Count(OPENED, DAY),
    "query_opens_7d": Count(OPENED, WEEK),
    "query_opens_30d": Count(OPENED, MONTH),
    "query_carts_30d": Count((ADD_TO_CART,), MONTH),
    "query_purchases_30d": Count((PURCHASE,), MONTH),
    "query_open_rate_30d": Rate(OPENED, MONTH),
    "query_cart_rate_30d": Rate((ADD_TO_CART,), MONTH),
    "query_purchase_rate_30d": Rate((PURCHASE,), MONTH),
}
# Weight of the product itself among what the visitor lately acted on, ever and in this session; 0: not among it.
VISITOR_WEIGHT, SESSION_WEIGHT = "visitor_weight", "session_weight"
COLUMNS = (*PRODUCT_COLUMNS, IDLE_DAYS, *QUERY_COLUMNS, VISITOR_WEIGHT, SESSION_WEIGHT)
