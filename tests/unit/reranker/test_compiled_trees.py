from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from services.reranker.compiled_trees import CompiledTrees

_PARAMETERS = {
    "objective": "binary",
    "num_leaves": 15,
    "min_data_in_leaf": 5,
    "verbosity": -1,
    "num_threads": 1,
}


def _rows(count: int = 2_000) -> np.ndarray:
    """Columns with unknown values, without any, of whole numbers, and of thresholds' size."""
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(count, 4)).astype(np.float32)
    rows[chance.random(count) < 0.3, 0] = np.nan
    rows[:, 2] = chance.integers(0, 5, count)
    rows[:, 3] = np.where(chance.random(count) < 0.5, np.nan, 1e-30)
    return rows


def _booster(rows: np.ndarray, trees: int = 30, **parameters: Any) -> lightgbm.Booster:
    known = np.nan_to_num(rows)
    bought = (known[:, 0] + known[:, 1] * known[:, 2] + np.isnan(rows[:, 3]) > 1).astype(int)
    categorical = parameters.pop("categorical_feature", "auto")
    data = lightgbm.Dataset(
        rows, label=bought, params=_PARAMETERS | parameters, categorical_feature=categorical
    )
    trained = lightgbm.train(_PARAMETERS | parameters, data, trees)
    return lightgbm.Booster(model_str=trained.model_to_string())


def test_scores_are_those_of_lightgbm() -> None:
    rows = _rows()
    booster = _booster(rows)
    trees = CompiledTrees.of(booster)
    assert isinstance(trees, CompiledTrees)
    edges = [float(each) for each in _thresholds(booster)]
    at_edges = np.tile(np.array(edges, np.float32)[:, None], 4)
    beside = np.nextafter(at_edges, np.float32(np.inf))
    unknown = np.full((1, 4), np.nan, np.float32)  # also where training never saw one
    infinite = np.array([[np.inf] * 4, [-np.inf] * 4], np.float32)
    for matrix in (rows, at_edges, beside, unknown, infinite):
        expected = booster.predict(matrix, raw_score=True, num_threads=1)
        assert trees.predict(matrix, raw_score=True, num_threads=1) == pytest.approx(expected, abs=1e-4)


def _thresholds(booster: lightgbm.Booster) -> list[float]:
    lines = booster.model_to_string().splitlines()
    listed = [line.partition("=")[2].split() for line in lines if line.startswith("threshold=")]
    return [float(each) for values in listed for each in values]


def test_contributions_and_text_are_those_of_lightgbm() -> None:
    rows = _rows()
    booster = _booster(rows)
    trees = CompiledTrees.of(booster)
    expected = booster.predict(rows[:5], pred_contrib=True)
    assert trees.predict(rows[:5], pred_contrib=True) == pytest.approx(expected)
    assert trees.model_to_string() == booster.model_to_string()


def test_trees_without_a_split_have_one_score() -> None:
    rows = _rows(100)
    booster = _booster(rows, trees=3, min_data_in_leaf=90)
    trees = CompiledTrees.of(booster)
    expected = booster.predict(rows, raw_score=True)
    assert trees.predict(rows, raw_score=True) == pytest.approx(expected)
    assert trees.predict(rows[:0], raw_score=True).shape == (0,)


def test_trees_with_other_splits_remain_lightgbms() -> None:
    rows = _rows()
    booster = _booster(np.nan_to_num(rows), categorical_feature=[2])
    assert CompiledTrees.of(booster) is booster
