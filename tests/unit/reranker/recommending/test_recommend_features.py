from __future__ import annotations

import numpy as np
import pytest

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.features import RECOMMEND_FEATURES, Similarity, feature_matrix
from services.reranker.recommending.formula import formula_scores
from services.reranker.recommending.history import NO_HISTORY, History
from services.reranker.recommending.placement import Placement
from shared.features.visitor import MAX_BOUGHT, BoughtProduct
from shared.product_memory.memory import ProductMemory
from tests.unit.product_memory.product_memories import NOW_SECONDS, TODAY, product_memory

_HISTORY = History.of(
    [BoughtProduct("ant", 3, TODAY - 40, TODAY - 20), BoughtProduct("bee", 1, TODAY, TODAY)]
)
_OWNED = {"ant": {"cat": 0.5}, "bee": {"cat": 0.25, "dog": 0.5}}


def _column(matrix: np.ndarray, name: str) -> list[float]:
    values: list[float] = matrix[:, RECOMMEND_FEATURES.index(name)].tolist()
    return values


def test_own_purchases_are_counted_and_aged() -> None:
    matrix = feature_matrix(Evidence(product_memory(), NOW_SECONDS, _HISTORY), ["ant", "dog"])
    assert _column(matrix, "own_days") == [3, 0]
    assert _column(matrix, "own_age")[0] == 20
    assert _column(matrix, "own_due")[0] == pytest.approx(2.0)  # 20 days, of 10 usual ones
    assert _column(matrix, "own_visits_since")[0] == 1
    assert _column(matrix, "own_share_since")[0] == pytest.approx(1.0)
    assert np.isnan(_column(matrix, "own_age")[1])
    assert np.isnan(_column(matrix, "own_visits_since")[1])
    assert _column(matrix, "visits") == [3, 3]


def test_neighbours_of_a_history_count_by_its_age() -> None:
    matrix = feature_matrix(
        Evidence(product_memory(owned=_OWNED), NOW_SECONDS, _HISTORY), ["cat", "dog", "x"]
    )
    decayed = 0.5 ** (20 / 60)
    assert _column(matrix, "history_owned") == pytest.approx([0.5 * decayed + 0.25, 0.5, 0.0])
    assert _column(matrix, "last_visit_owned") == pytest.approx([0.25, 0.5, 0.0])


def test_neighbours_are_also_relative_to_the_best_product_that_is_new_to_the_visitor() -> None:
    again = {"ant": {"bee": 9.0, "cat": 0.5}, "bee": {"dog": 0.2}}
    memory = product_memory(owned=again, owned_lately={"bee": {"cat": 0.1, "dog": 0.4}})
    matrix = feature_matrix(Evidence(memory, NOW_SECONDS, _HISTORY), ["cat", "dog", "bee"])
    assert _column(matrix, "all_owned_of_best") == pytest.approx([1.0, 0.4, 18.0])
    assert _column(matrix, "history_owned_lately") == pytest.approx([0.1, 0.4, 0.0])
    assert _column(matrix, "history_owned_lately_of_best") == pytest.approx([0.25, 1.0, 0.0])
    assert np.isnan(_column(matrix, "history_bought_of_best")).all()


def test_what_was_only_looked_at_says_less_than_a_purchase() -> None:
    looked = History.of([], {"bee": 1.0})
    found = Evidence(product_memory(owned=_OWNED), NOW_SECONDS, looked).history_owned
    assert found.at(np.array([2, 3])) == pytest.approx([0.05, 0.1])


def test_a_product_that_nobody_knows_has_unknown_features_and_no_error() -> None:
    matrix = feature_matrix(Evidence(ProductMemory.empty(), NOW_SECONDS, seeds=["y"]), ["x"])
    assert matrix.shape == (1, len(RECOMMEND_FEATURES))
    assert np.isnan(_column(matrix, "age_days")[0])
    assert _column(matrix, "seed_bought") == [0]
    for placement in Placement:
        assert np.isfinite(formula_scores(matrix, placement)).all()


def test_no_products_are_no_rows() -> None:
    assert feature_matrix(Evidence(product_memory(), NOW_SECONDS), []).shape == (
        0,
        len(RECOMMEND_FEATURES),
    )


def test_similarity_is_taken_as_given() -> None:
    given = Similarity(np.array([0.5], np.float32), np.array([np.nan], np.float32))
    matrix = feature_matrix(Evidence(product_memory(), NOW_SECONDS), ["ant"], given)
    assert _column(matrix, "seed_similarity") == [0.5]
    assert np.isnan(_column(matrix, "history_similarity")[0])


def test_without_a_ranker_own_habits_come_first_and_then_what_goes_with_them() -> None:
    evidence = Evidence(
        product_memory(owned=_OWNED, purchases={"cat": (1, 1, 1, 1, 1)}), NOW_SECONDS, _HISTORY
    )
    products = ["dog", "cat", "ant"]
    scores = formula_scores(feature_matrix(evidence, products), Placement.FOR_YOU)
    assert [products[place] for place in np.argsort(-scores)] == ["ant", "cat", "dog"]


def test_a_history_keeps_the_last_purchases() -> None:
    bought = [BoughtProduct(f"p{day}", 1, day, day) for day in range(MAX_BOUGHT + 5)]
    history = History.of(bought)
    assert len(history) == MAX_BOUGHT
    assert history.product_ids[0] == f"p{MAX_BOUGHT + 4}"
    assert NO_HISTORY.visits == 0
