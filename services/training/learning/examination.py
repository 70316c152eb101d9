"""Estimates how likely shoppers examine a position, from pages and the opens on them.

The position-based model: a product is opened if its position is examined and it attracts. Both
probabilities are fitted by expectation maximisation (Wang et al., "Position Bias Estimation for
Unbiased Learning to Rank in Personal Search", WSDM 2018, with a table of attractions in place of
the regression). Products shown at several positions for one query separate the two.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_POSITION = 50  # later positions are treated as this one
_ROUNDS = 150
_PRIOR = 5.0  # pseudo-count of times shown, with the probability of the neighbouring positions
_LEAST = 0.1  # least probability relative to the first position, so that late rows do not dominate


def estimate(pairs: Ints, positions: Ints, opened: NDArray[np.bool_]) -> Floats:
    """(MAX_POSITION,): the probability that each position is examined, relative to the largest.

    The arguments are columns of equal length: `pairs` numbers the (query, product) of each row,
    from 0.
    """
    places = np.minimum(positions, MAX_POSITION) - 1
    examined = 1.0 / np.sqrt(np.arange(1, MAX_POSITION + 1))
    attracts = np.full(int(pairs.max(initial=-1)) + 1, 0.2)
    for _ in range(_ROUNDS):
        theta = examined[places]
        gamma = attracts[pairs]
        unopened = np.maximum(1 - theta * gamma, 1e-9)
        was_examined = np.where(opened, 1.0, theta * (1 - gamma) / unopened)
        did_attract = np.where(opened, 1.0, gamma * (1 - theta) / unopened)
        examined = _smoothed(places, was_examined, examined)
        attracts = np.bincount(pairs, did_attract) / np.maximum(np.bincount(pairs), 1)
    relative: Floats = examined / examined.max(initial=1e-9)
    return relative


def _smoothed(places: Ints, was_examined: Floats, before: Floats) -> Floats:
    shown = np.bincount(places, minlength=MAX_POSITION)
    sums = np.bincount(places, was_examined, minlength=MAX_POSITION)
    padded = np.pad(before, 1, mode="edge")
    usual = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    smoothed: Floats = (sums + _PRIOR * usual) / (shown + _PRIOR)
    return smoothed


def weights(examined: Floats, positions: Ints) -> Floats:
    """(r,): the weight of an open at each position, from 1 to 1 / _LEAST."""
    chances = examined[np.minimum(positions, MAX_POSITION) - 1]
    counted: Floats = 1 / np.clip(chances, _LEAST, 1.0)
    return counted
