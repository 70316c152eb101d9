"""What is counted of shoppers' actions, and in which windows of time.

An event that a search led to adds 1 to a counter of each product that it is about, on the day it
happened: to the product's own, and to that of the product under its query. A page that was shown
adds 1 to SHOWN. A visitor adds 1 to a counter once a day (evidence.py). What ranking reads are the columns:
counts and rates in the time before the page (scopes/).
"""

from dataclasses import dataclass

# Of keys, values and meaning: raise it with every change of them, and the store is rebuilt.
SCHEMA = 3

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

# What each action says about a visitor's interest, relative to a click. Orders of magnitude as in
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
DAY, WEEK, MONTH, LIFETIME = range(4)  # their places, and that of the total
KEPT_DAYS = 30  # the longest window: older days are only in the total

# What only one visitor did with a product, or saw of it, on one day changes nobody else's page:
# a counter is read once its total has come to so many.
LEAST_VISITORS = 2

SHARE_PRIOR = 1.0  # opens that a share begins with, so that one open is no certainty
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

    n is the largest of the counters, and at most shown, since shoppers come by other ways, too.
    `usual` is the rate of all candidates together; under a query it is the product's own rate. Nan
    when none of the candidates was shown. Positions are not corrected for.
    """

    counters: tuple[int, ...]
    window: int
