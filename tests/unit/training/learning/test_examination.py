from __future__ import annotations

import numpy as np

from services.training.learning.examination import estimate, weights


def clicks(bias: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Opens of products at changing positions, by shoppers who read from the top."""
    chance = np.random.default_rng(seed)
    attraction = chance.beta(1, 4, 400)
    pairs = chance.integers(0, 400, 120_000)
    positions = chance.integers(1, 21, 120_000)
    opened = chance.random(120_000) < attraction[pairs] * positions**-bias
    return pairs, positions, opened


def test_the_bias_of_a_simulated_shopper_is_found() -> None:
    found = estimate(*clicks(0.8))
    known = np.arange(1, 21) ** -0.8
    assert np.abs(found[:20] - known).max() < 0.12


def test_where_positions_do_not_matter_all_count_alike() -> None:
    found = estimate(*clicks(0.0))
    assert found[:20].min() > 0.8


def test_an_open_where_few_look_counts_more_within_bounds() -> None:
    examined = np.array([1.0, 0.5, 0.01] + [0.01] * 47)
    assert weights(examined, np.array([1, 2, 3, 900])).tolist() == [1.0, 2.0, 10.0, 10.0]


def test_nothing_shown_is_no_error() -> None:
    nothing = np.empty(0, np.int64)
    assert len(estimate(nothing, nothing, np.empty(0, np.bool_))) == 50
