"""How likely a shopper looks at a position, estimated from pages and what was opened on them.

The position-based model: a product is opened if its position was examined and it attracts. Both
chances are fitted by expectation maximisation (Wang et al., "Position Bias Estimation for Unbiased
Learning to Rank in Personal Search", WSDM 2018, with a table of attractions in place of the
regression). A product that was shown for a query at several positions is what tells them apart.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_POSITION = 50  # further ones are as this one
_ROUNDS = 150
_PRIOR = 5.0  # times that a position counts as shown with the chance of its neighbours
_LEAST = 0.1  # of the first position's chance: rows further down do not outweigh all others


def estimate(pairs: Ints, positions: Ints, opened: NDArray[np.bool_]) -> Floats:
    """(MAX_POSITION,): the chance of each position, relative to the first.

    Equally long columns: `pairs` numbers the (query, product) of each row, from 0.
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
    """(r,): how much an open at each position counts, from 1 to 1 / _LEAST."""
    chances = examined[np.minimum(positions, MAX_POSITION) - 1]
    counted: Floats = 1 / np.clip(chances, _LEAST, 1.0)
    return counted
