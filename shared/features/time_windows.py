"""Counts in the time windows before a page, from many values at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.features.counters import entries_alone, parts
from shared.features.keys import DAY_SECONDS
from shared.features.spec import COUNTERS, KEPT_DAYS, SHOWN, WINDOW_DAYS

Matrix = NDArray[np.float32]

# Age of days in no time window, and age that stands for lifetime totals
_OLD = KEPT_DAYS + 1
_TOTAL = KEPT_DAYS + 2
_AGES = _TOTAL + 1


@dataclass(frozen=True, slots=True)
class TimeWindows:
    """The counts of n products, and the days since a shopper last acted on each."""

    counts: Matrix  # (windows + 1, counters, n); the last of the windows is the lifetime total
    idle_days: Matrix  # (n,), whole days since the last interaction; nan if more than KEPT_DAYS

    @classmethod
    def of_products(cls, values: Sequence[bytes | None], now_seconds: float, least: int = 1) -> TimeWindows:
        """The windows of the products with these values.

        A product without a value has zeros, and so has a counter whose total is below `least`.
        """
        entries = entries_alone(values)
        lengths = np.array([len(each) for each in entries], dtype=np.int64) // 8
        owners = np.repeat(np.arange(len(values)), lengths)
        return cls._of(b"".join(entries), owners, len(values), now_seconds, least)

    @classmethod
    def of_query(
        cls, value: bytes | None, product_ids: Sequence[str], now_seconds: float, least: int = 1
    ) -> TimeWindows:
        """The windows of products under a query, from its value; `least` as in of_products."""
        names, entries = parts(value) if value else ((), b"")
        places = {product_id.encode(): place for place, product_id in enumerate(product_ids)}
        place_of = np.array([places.get(name, -1) for name in names], dtype=np.int64)
        owners = place_of[np.frombuffer(entries, np.uint8)[1::8]]
        return cls._of(entries, owners, len(product_ids), now_seconds, least)

    @classmethod
    def _of(
        cls, entries: bytes, owners: NDArray[np.int64], n: int, now_seconds: float, least: int
    ) -> TimeWindows:
        """`owners` has the index of each entry's product; -1 for a product that is not wanted."""
        places, count = np.frombuffer(entries, "<u4").reshape(-1, 2).T
        if (wanted := owners >= 0).sum() < len(owners):
            places = places[wanted]
            count = count[wanted]
            owners = owners[wanted]
        today, elapsed = divmod(now_seconds / DAY_SECONDS, 1)
        day = (places >> 16).astype(np.int64)
        counter = np.minimum(places & 0xFF, COUNTERS - 1)
        # A day after today (a clock was ahead) counts as today.
        age = np.where(day == 0, _TOTAL, np.clip(int(today) - day, 0, _OLD))
        within = _weights(elapsed)[:, age] * count  # (windows + 1, entries)
        cells = (np.arange(len(within))[:, None] * COUNTERS + counter) * n + owners
        size = len(within), COUNTERS, n
        counts = np.bincount(cells.ravel(), weights=within.ravel(), minlength=math.prod(size)).reshape(size)
        counts *= counts[-1] >= least
        idle_days = np.full(n, np.nan, np.float32)
        acted = (counter != SHOWN) & (age <= KEPT_DAYS) & (counts[-1][counter, owners] > 0)
        np.fmin.at(idle_days, owners[acted], age[acted].astype(np.float32))
        return cls(counts.astype(np.float32), idle_days)


def _weights(elapsed: float) -> NDArray[np.float64]:
    """(windows + 1, ages): the share of a day of each age that is within each time window.

    `elapsed` is the share of today that has passed.
    """
    windows = np.zeros((len(WINDOW_DAYS) + 1, _AGES))
    windows[:-1, : _OLD + 1] = np.clip(
        np.array(WINDOW_DAYS)[:, None] + 1 - elapsed - np.arange(_OLD + 1), 0, 1
    )
    windows[-1, _TOTAL] = 1
    return windows
