"""The product memory: purchases and opens of products by all shoppers together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shared.product_memory.neighbours import Floats, Neighbours, Places, Scored

WINDOWS_DAYS = (1, 7, 30, 90, 400)
DAY, WEEK, MONTH, QUARTER, LONG, DECAYED = range(len(WINDOWS_DAYS) + 1)  # columns of a popularity
DAY_SECONDS = 86_400.0

_OPEN_SHARE = 0.1  # weight of an open relative to a purchase in the popularity
_TREND_PRIOR = 2.0  # pseudo-count of visitors a week in a trend
# Pseudo-count of visitors: with so many in all, a time window weighs as much as the longer one
# (docs/recommendations.md)
_PRIOR = 3_000.0
_RANKED = 1_000  # products of a ranking that all pages share


@dataclass(frozen=True)
class ProductMemory:
    """n products that visitors bought or opened. Immutable.

    An entry has at least as many visitors as the settings ask for (5 a pair, 2 a product).
    """

    product_ids: Sequence[str]  # n
    bought: Neighbours  # in the same baskets
    opened: Neighbours  # in the same sessions
    owned: Neighbours  # by the same visitors, at any time
    owned_lately: Neighbours  # the same, by what they bought in the last weeks
    purchases: Floats  # (n, 6): distinct visitors a day, summed over WINDOWS_DAYS, and decayed
    first_purchases: Floats  # (n, 6): the same, by visitors who had not bought it before
    opens: Floats  # (n, 6)
    repeat_rate: Floats  # (n,): share of the buyers who bought it again on another day, shrunk
    repeat_days: Floats  # (n,): usual days from one purchase of it to the next; nan: not known
    first_day: Floats  # (n,): the first day it was seen, in days since 1970
    price: Floats  # (n,): usual price paid; nan: not known
    version: str = ""

    def __len__(self) -> int:
        return len(self.product_ids)

    @classmethod
    def empty(cls) -> ProductMemory:
        """The product memory of a shop before its first interaction."""
        popularity = np.zeros((0, len(WINDOWS_DAYS) + 1), np.float32)
        none = Neighbours.none(0)
        column = np.empty(0, np.float32)
        return cls(
            (), none, none, none, none, popularity, popularity, popularity, column, column, column, column
        )

    @cached_property
    def product_places(self) -> dict[str, int]:
        """Place of each product by its id."""
        return {product_id: place for place, product_id in enumerate(self.product_ids)}

    @cached_property
    def popular(self) -> Scored:
        """The products with most expected purchases a month, best first; an open counts a tenth."""
        return _ranking(expected(self._counts))

    @cached_property
    def newly_bought(self) -> Scored:
        """The products with most expected first purchases a month, best first."""
        return _ranking(expected(self.first_purchases))

    @cached_property
    def expected_purchases(self) -> Floats:
        """(n,): the expected number of visitors who buy each product in a month."""
        return expected(self.purchases)

    @cached_property
    def trending(self) -> Scored:
        """The products whose last week stands out most from a usual week of the month, best first.

        The score is log(week / usual week) * sqrt(week): many count more than few.
        """
        week = self._counts[:, WEEK]
        usual = self._counts[:, MONTH] * WINDOWS_DAYS[WEEK] / WINDOWS_DAYS[MONTH]
        rise = np.log((week + _TREND_PRIOR) / (usual + _TREND_PRIOR))
        return _ranking(rise * np.sqrt(week))

    @property
    def _counts(self) -> Floats:
        counts: Floats = self.purchases + np.float32(_OPEN_SHARE) * self.opens
        return counts

    def warm(self) -> None:
        """Compute all cached properties, so that the first page does not wait for them."""
        assert self.product_places is not None
        assert self.popular and self.newly_bought and self.trending
        assert self.expected_purchases is not None

    def places(self, product_ids: Iterable[str]) -> Places:
        """(k,): the place of each product; -1 if it is not remembered."""
        known = self.product_places
        return np.array([known.get(each, -1) for each in product_ids], np.int64)


def expected(table: Floats) -> Floats:
    """(n,): the column MONTH of a popularity (n, 6), shrunk towards longer time windows.

    Each product's share of a time window has _PRIOR pseudo-counts from its share of the longer one.
    With few purchases the year outweighs the month; with many the month alone decides (Dirichlet
    prior, as in Zhai and Lafferty, SIGIR 2001).
    """
    shares: Floats = np.zeros(len(table), np.float32)
    for window in (LONG, QUARTER, MONTH):
        prior = _PRIOR if window != LONG else 0.0
        total = max(1.0, float(table[:, window].sum(dtype=np.float64)))
        shares = ((table[:, window] + prior * shares) / (total + prior)).astype(np.float32)
    month = max(1.0, float(table[:, MONTH].sum(dtype=np.float64)))
    return (shares * month).astype(np.float32)


def _ranking(column: Floats) -> Scored:
    return Scored(np.arange(len(column)), column).best(_RANKED)
