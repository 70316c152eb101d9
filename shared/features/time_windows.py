"""Counts in the time windows before a page, from many values at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.features.counters import entries_alone, parts
from shared.features.keys import DAY_SECONDS
from shared.features.recent_opens import HALF_LIVES_OPENS, recent_shares
from shared.features.spec import COUNTERS, KEPT_DAYS, OPENED, SHOWN, WINDOW_DAYS

Matrix = NDArray[np.float32]

# Age of days in no time window, and age that stands for lifetime totals
_OLD = KEPT_DAYS + 1
_TOTAL = KEPT_DAYS + 2
_AGES = _TOTAL + 1
# Place of each counter in OPENED; -1 for the others
_OPENED_KIND = np.array([OPENED.index(each) if each in OPENED else -1 for each in range(COUNTERS)])


@dataclass(frozen=True, slots=True)
class _Entries:
    """Stored counts of wanted products, as columns (entries,)."""

    ages: NDArray[np.int64]  # of their days; _TOTAL for lifetime totals
    counters: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    owners: NDArray[np.int64]  # the index of each entry's product

    @classmethod
    def of(cls, entries: bytes, owners: NDArray[np.int64], today: int) -> _Entries:
        """`owners` is -1 for a product that is not wanted."""
        places, count = np.frombuffer(entries, "<u4").reshape(-1, 2).T
        if (wanted := owners >= 0).sum() < len(owners):
            places = places[wanted]
            count = count[wanted]
            owners = owners[wanted]
        day = (places >> 16).astype(np.int64)
        counter = np.minimum(places & 0xFF, COUNTERS - 1)
        # A day after today (a clock was ahead) counts as today.
        return cls(np.where(day == 0, _TOTAL, np.clip(today - day, 0, _OLD)), counter, count, owners)


@dataclass(frozen=True, slots=True)
class TimeWindows:
    """The counts of n products, and the days since a shopper last acted on each."""

    counts: Matrix  # (windows + 1, counters, n); the last of the windows is the lifetime total
    idle_days: Matrix  # (n,), whole days since the last interaction; nan if more than KEPT_DAYS
    # (half-lives, n), see recent_opens.py; under a query only, otherwise None
    recent_shares: Matrix | None = None

    @classmethod
    def of_products(cls, values: Sequence[bytes | None], now_seconds: float, least: int = 1) -> TimeWindows:
        """The windows of the products with these values.

        A product without a value has zeros, and so has a counter whose total is below `least`.
        """
        entries = entries_alone(values)
        lengths = np.array([len(each) for each in entries], dtype=np.int64) // 8
        owners = np.repeat(np.arange(len(values)), lengths)
        today, elapsed = divmod(now_seconds / DAY_SECONDS, 1)
        return cls._of(_Entries.of(b"".join(entries), owners, int(today)), len(values), elapsed, least)

    @classmethod
    def of_query(
        cls, value: bytes | None, product_ids: Sequence[str], now_seconds: float, least: int = 1
    ) -> TimeWindows:
        """The windows of products under a query, from its value; `least` as in of_products."""
        names, stored = parts(value) if value else ((), b"")
        places = {product_id.encode(): place for place, product_id in enumerate(product_ids)}
        place_of = np.array([places.get(name, -1) for name in names], dtype=np.int64)
        owners = place_of[np.frombuffer(stored, np.uint8)[1::8]]
        today, elapsed = divmod(now_seconds / DAY_SECONDS, 1)
        entries = _Entries.of(stored, owners, int(today))
        windows = cls._of(entries, len(product_ids), elapsed, least)
        return replace(windows, recent_shares=_recent_shares(entries, windows.counts[-1]))

    @classmethod
    def _of(cls, entries: _Entries, n: int, elapsed: float, least: int) -> TimeWindows:
        """`elapsed` is the share of today that has passed."""
        within = _weights(elapsed)[:, entries.ages] * entries.counts  # (windows + 1, entries)
        cells = (np.arange(len(within))[:, None] * COUNTERS + entries.counters) * n + entries.owners
        size = len(within), COUNTERS, n
        counts = np.bincount(cells.ravel(), weights=within.ravel(), minlength=math.prod(size)).reshape(size)
        counts *= counts[-1] >= least
        idle_days = np.full(n, np.nan, np.float32)
        known = counts[-1][entries.counters, entries.owners] > 0
        acted = (entries.counters != SHOWN) & (entries.ages <= KEPT_DAYS) & known
        np.fmin.at(idle_days, entries.owners[acted], entries.ages[acted].astype(np.float32))
        return cls(counts.astype(np.float32), idle_days)


def _recent_shares(entries: _Entries, totals: Matrix) -> Matrix:
    """(half-lives, n). `totals` (counters, n) are 0 for counters that are read as 0."""
    kinds = _OPENED_KIND[entries.counters]
    read = np.flatnonzero((kinds >= 0) & (entries.ages <= KEPT_DAYS))
    opened, places = np.unique(entries.owners[read], return_inverse=True)  # few of the n
    size = len(OPENED), KEPT_DAYS + 1, len(opened)
    cells = (kinds[read] * size[1] + entries.ages[read]) * size[2] + places
    by_age = np.bincount(cells, entries.counts[read], math.prod(size)).reshape(size)
    by_age *= totals[list(OPENED)][:, None, opened] > 0
    shares = np.zeros((len(HALF_LIVES_OPENS), totals.shape[1]), np.float32)
    shares[:, opened] = recent_shares(by_age.max(axis=0))
    return shares


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
