"""The counters of shoppers' actions, and their time windows.

An event that a search led to adds 1 to a counter of each of its products, on the day it happened.
It adds to the product's own counter, and to the product's counter under the query. A page that was
shown adds 1 to SHOWN. A visitor adds 1 to a counter at most once a day (evidence.py). Ranking reads
columns: counts and rates in the time before the page (scopes/).
"""

from dataclasses import dataclass

# Raise it with every change of keys, values or their meaning; the store is then rebuilt.
SCHEMA = 3

# Numbers of counters in stored values: never reuse one.
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

# How much interest each action shows, relative to a click. Orders of magnitude as in
# implicit-feedback practice (Hu, Koren, Volinsky 2008: confidence grows with the effort of the
# action).
WEIGHT_OF = {
    "view": 0.5,
    "click": 1.0,
    "wishlist": 2.0,
    "add_to_cart": 3.0,
    "purchase": 4.0,
    "remove_from_cart": -3.0,
}

WINDOW_DAYS = (1, 7, 30)
DAY, WEEK, MONTH, LIFETIME = range(4)  # places of the time windows, and of the total
KEPT_DAYS = 30  # the longest time window: older days are only in the total

# A counter with a lower total is read as 0. So one visitor on one day does not affect other
# visitors' pages.
LEAST_VISITORS = 2

SHARE_PRIOR = 1.0  # pseudo-count of opens in a share, so that a single open gives no share of 1
OPENED = (CLICK, VIEW)  # a shop sends one of the two, or both, for a product that was opened
USUAL_SHOWN = 20.0  # pseudo-count of times shown in a rate, with the usual outcome


@dataclass(frozen=True, slots=True)
class Count:
    """log(1 + n), where n is the largest of the counters in the time window."""

    counters: tuple[int, ...]
    window: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The share of impressions with this outcome in the time window: (n + 20 usual) / (shown + 20).

    n is the largest of the counters, and at most `shown`, since shoppers also arrive in other ways.
    `usual` is the rate of all candidates together; under a query it is the product's own rate. Nan
    if no candidate was shown. There is no correction for positions.
    """

    counters: tuple[int, ...]
    window: int
