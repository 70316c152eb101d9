from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reranker.recommending.diversity import by_score, diversified, likeness_within

SCORES = np.array([1.0, 0.9, 0.8, 0.0])
# The second is a copy of the first, the third is unlike both
VECTORS = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)


def test_a_copy_gives_way_to_something_else_and_says_what_it_lost() -> None:
    order = diversified(SCORES, by_score(SCORES), VECTORS, 0.5)
    assert order.places.tolist() == [0, 2, 1, 3]
    assert order.prices.tolist() == [0.0, 0.0, 0.5, 0.0]


def test_without_a_weight_the_order_is_that_of_the_scores() -> None:
    order = diversified(SCORES, by_score(SCORES), VECTORS, 0.0)
    assert order.places.tolist() == [0, 1, 2, 3]
    assert not order.prices.any()


def test_those_that_are_not_looked_at_stay_behind() -> None:
    order = diversified(SCORES, by_score(SCORES), VECTORS[:2], 9.0)
    assert order.places.tolist() == [0, 1, 2, 3]


def test_nothing_and_equals_have_an_order_too() -> None:
    assert diversified(np.empty(0), by_score(np.empty(0)), np.empty((0, 3)), 0.5).places.tolist() == []
    equal = np.ones(4)
    assert diversified(equal, by_score(equal), VECTORS, 0.5).places.tolist() == [0, 1, 2, 3]


@given(st.integers(0, 30), st.floats(0.0, 2.0), st.integers(0, 2**32 - 1))
def test_an_order_has_everything_once_the_best_first_and_never_rises(
    count: int, weight: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    scores = chance.normal(size=count)
    vectors = chance.normal(size=(count, 4)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    before = by_score(scores)
    found = diversified(scores, before, vectors[before.places], weight)
    assert sorted(found.places.tolist()) == list(range(count))
    assert found.places[:1].tolist() == before.places[:1].tolist()
    assert (np.diff(scores[found.places] - found.prices) <= 1e-6).all()
    assert (found.prices >= 0).all()


def test_likeness_is_the_mean_cosine_between_two() -> None:
    assert likeness_within(VECTORS) == pytest.approx(1 / 6)
    assert np.isnan(likeness_within(VECTORS[:1]))
