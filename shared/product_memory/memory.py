"""The product memory: what all shoppers together say of products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shared.product_memory.neighbours import Floats, Neighbours, Places, Scored

WINDOWS_DAYS = (1, 7, 30, 90)
DAY, WEEK, MONTH, QUARTER, DECAYED = range(len(WINDOWS_DAYS) + 1)  # columns of a popularity
DAY_SECONDS = 86_400.0

_OPEN_SHARE = 0.1  # what an open counts for of a purchase, where both are one popularity
_TREND_PRIOR = 2.0  # visitors a week that a trend begins with
_RANKED = 1_000  # products of a ranking that all pages share


@dataclass(frozen=True)
class ProductMemory:
    """n products that somebody bought or opened. It never changes.

    No entry tells what fewer visitors did than its settings say (5 a pair, 2 a product).
    """

    product_ids: Sequence[str]  # n
    bought: Neighbours  # in the same baskets
    opened: Neighbours  # in the same sessions
    owned: Neighbours  # by the same visitors, whenever: what one buys says what else it may buy
    purchases: Floats  # (n, 5): distinct visitors a day, summed over WINDOWS_DAYS, and decayed
    first_purchases: Floats  # (n, 5): those of visitors who had not bought it before
    opens: Floats  # (n, 5)
    repeat_rate: Floats  # (n,): share of the buyers who bought it again on another day, shrunk
    repeat_days: Floats  # (n,): usual days from one purchase of it to the next; nan: not known
    first_day: Floats  # (n,): first day that it was seen, in days since 1970
    price: Floats  # (n,): usual price paid; nan: not known
    version: str = ""

    def __len__(self) -> int:
        return len(self.product_ids)

    @classmethod
    def empty(cls) -> ProductMemory:
        """What a shop has before its first interaction."""
        popularity = np.zeros((0, len(WINDOWS_DAYS) + 1), np.float32)
        none = Neighbours.none(0)
        column = np.empty(0, np.float32)
        return cls((), none, none, none, popularity, popularity, popularity, column, column, column, column)

    @cached_property
    def product_places(self) -> dict[str, int]:
        """Place of each product by its id."""
        return {product_id: place for place, product_id in enumerate(self.product_ids)}

    @cached_property
    def popular(self) -> Scored:
        """The products most bought lately, best first; an open counts a tenth of a purchase."""
        return _ranking(self._counts[:, DECAYED])

    @cached_property
    def newly_bought(self) -> Scored:
        """The products most bought in the last month by visitors new to them, best first."""
        return _ranking(self.first_purchases[:, MONTH])

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
        """Make what a first page would otherwise wait for."""
        assert self.product_places is not None
        assert self.popular and self.newly_bought and self.trending

    def places(self, product_ids: Iterable[str]) -> Places:
        """(k,): the place of each product, -1 for one that is not remembered."""
        known = self.product_places
        return np.array([known.get(each, -1) for each in product_ids], np.int64)


def _ranking(column: Floats) -> Scored:
    return Scored(np.arange(len(column)), column).best(_RANKED)
