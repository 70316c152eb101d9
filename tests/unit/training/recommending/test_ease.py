from __future__ import annotations

import numpy as np
import pytest

from services.training.recommending.ease import ease_weights
from services.training.recommending.pairs import counted_pairs, distinct_entries


def test_weights_are_those_of_the_closed_form() -> None:
    chance = np.random.default_rng(0)
    visitors, products = chance.integers(0, 200, 2_000), chance.integers(0, 12, 2_000)
    entries = distinct_entries(visitors, products, visitors, np.ones(2_000))
    pairs = counted_pairs(entries, 12, 1)
    found = ease_weights(entries, pairs, 12, 12)
    owned = np.zeros((200, 12))
    owned[entries.groups, entries.products] = 1.0
    inverse = np.linalg.inv(owned.T @ owned + 100.0 * np.eye(12))
    wanted = -inverse / np.diag(inverse)
    assert found == pytest.approx(wanted[pairs.left, pairs.right], abs=1e-4)


def test_products_beyond_the_most_popular_have_none() -> None:
    visitors, products = np.array([0, 1, 2, 0, 1, 2, 0]), np.array([0, 0, 0, 1, 1, 1, 2])
    entries = distinct_entries(visitors, products, visitors, np.ones(7))
    pairs = counted_pairs(entries, 3, 1)
    found = ease_weights(entries, pairs, 3, 2)
    assert {
        (left, right) for left, right in zip(pairs.left[found != 0], pairs.right[found != 0], strict=True)
    } == {
        (0, 1),
        (1, 0),
    }
    assert not ease_weights(entries, pairs, 3, 0).any()
