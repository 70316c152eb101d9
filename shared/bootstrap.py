"""How far a mean may be chance: intervals by the bootstrap (Efron 1979)."""

import numpy as np
from numpy.typing import NDArray

_SHARE = 95


def interval(
    values: NDArray[np.float64], draws: int, weights: NDArray[np.float64] | None = None
) -> tuple[float, float]:
    """The 95 % interval of the mean of `values` (n,), n at least 1; `weights` (n,) are what each counts for.

    For paired gains it is that of the paired bootstrap. The same values give the same interval.
    """
    chance = np.random.default_rng(0)
    means = np.empty(draws)
    for draw in range(draws):
        chosen = chance.integers(0, len(values), len(values))
        means[draw] = np.average(values[chosen], weights=None if weights is None else weights[chosen])
    low, high = np.percentile(means, [(100 - _SHARE) / 2, (100 + _SHARE) / 2])
    return float(low), float(high)
