"""Shares of the newest opens of a query, however fast they come.

Time windows are too long for a query with hundreds of opens a day, and too short for one with a few
a month. So an open's weight halves with every `HALF_LIVES_OPENS` later opens under the query. Opens
of the same day weigh the same.
"""

import numpy as np
from numpy.typing import NDArray

HALF_LIVES_OPENS = (10.0, 30.0)
PRIOR = 0.5  # pseudo-count of opens, so that a single open gives no share of 1

Matrix = NDArray[np.float32]


def recent_shares(opens_by_age: NDArray[np.float64]) -> Matrix:
    """(half-lives, n): each product's share of the query's opens, the newest weighing most.

    `opens_by_age` is (days, n): the opens of n products on each day, the newest first.
    """
    by_day = opens_by_age.sum(axis=1)
    days = np.flatnonzero(by_day)
    if not len(days):
        return np.zeros((len(HALF_LIVES_OPENS), opens_by_age.shape[1]), np.float32)
    later = np.cumsum(by_day[days]) - by_day[days]
    weights = 0.5 ** (later / np.array(HALF_LIVES_OPENS)[:, None])  # (half-lives, days)
    weighted = weights @ opens_by_age[days]
    shares: Matrix = (weighted / (weighted.sum(axis=1, keepdims=True) + PRIOR)).astype(np.float32)
    return shares
