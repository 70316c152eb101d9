from __future__ import annotations

import numpy as np
import pytest

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.features import RECOMMEND_FEATURES, Similarity, feature_matrix
from services.reranker.recommending.seed_features import SEED_FEATURES, seed_columns
from shared.product_memory.memory import ProductMemory
from tests.unit.product_memory.product_memories import NOW_SECONDS, product_memory

_BOUGHT = {"ant": {"bee": 0.4, "cat": 0.1}, "bee": {"dog": 0.5}, "cat": {"dog": 0.2}}
_OWNED = {"ant": {"bee": 0.5, "cat": 0.2}, "bee": {"cat": 0.4, "dog": 0.3}, "cat": {"dog": 1.0}}


def _evidence(*seeds: str, memory: ProductMemory | None = None) -> Evidence:
    month = {"ant": (0, 0, 3, 3, 3)}
    made = memory or product_memory(bought=_BOUGHT, owned=_OWNED, purchases=month)
    return Evidence(made, NOW_SECONDS, seeds=seeds)


def _columns(evidence: Evidence, *cosines: float) -> dict[str, list[float]]:
    """The columns of bee, cat and dog."""
    similarity = np.array(cosines, np.float32) if cosines else None
    columns = seed_columns(evidence, np.array([1, 2, 3]), similarity)
    return {name: column.tolist() for name, column in columns.items()}


def test_scores_are_also_relative_to_the_best_product() -> None:
    found = _columns(_evidence("ant"))
    assert found["seed_bought_of_best"] == pytest.approx([1.0, 0.25, 0.0])
    assert found["seed_owned_of_best"] == pytest.approx([1.0, 0.4, 0.0])
    assert found["seed_purchases"] == pytest.approx([np.log1p(3)] * 3)


def test_what_is_owned_with_what_is_owned_with_the_seeds_counts_by_both_steps() -> None:
    found = _columns(_evidence("ant"))
    assert found["seed_owned_twice"] == pytest.approx([0.0, 0.5 * 0.4, 0.5 * 0.3 + 0.2 * 1.0])


def test_a_product_nobody_bought_goes_with_what_is_bought_with_products_like_it() -> None:
    found = _columns(_evidence("new"), 0.8, 0.4, -0.5)
    weights = np.array([0.8, 0.4]) ** 2 / (0.8**2 + 0.4**2)
    assert found == {"seed_like_bought": pytest.approx([0, 0, weights @ [0.5, 0.2]])}


def test_only_the_most_alike_products_lend_their_lists() -> None:
    names = [f"p{number:02}" for number in range(12)]
    bought = {name: {names[(place + 1) % 12]: 1.0} for place, name in enumerate(names)}
    evidence = _evidence("p00", memory=product_memory(names, bought=bought))
    cosines = np.linspace(0.9, 0.4, 11, dtype=np.float32)
    (found,) = (seed_columns(evidence, np.arange(1, 12), cosines)[name] for name in ("seed_like_bought",))
    assert found[1:10].all()
    assert found[0] == 0 and found[10] > 0  # p02 to p11 follow the ten; nothing leads to p01


def test_without_seeds_nothing_is_said() -> None:
    assert _columns(_evidence(), 0.5, 0.5, 0.5) == {}
    matrix = feature_matrix(_evidence(), ["ant"])
    places = [RECOMMEND_FEATURES.index(name) for name in SEED_FEATURES]
    assert np.isnan(matrix[:, places]).all()


def test_without_a_memory_or_likeness_nothing_is_known_and_nothing_fails() -> None:
    empty = _evidence("y", memory=ProductMemory.empty())
    near = Similarity(np.array([0.9], np.float32), np.array([np.nan], np.float32))
    matrix = feature_matrix(empty, ["x"], near)
    assert matrix[0, RECOMMEND_FEATURES.index("seed_like_bought")] == 0
    assert np.isnan(matrix[0, RECOMMEND_FEATURES.index("seed_bought_of_best")])
    unlike = _columns(_evidence("ant"), -0.1, np.nan, 0.0)
    assert unlike["seed_like_bought"] == [0, 0, 0]
