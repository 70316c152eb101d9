import json
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from services.reranker.compiled_trees import CompiledTrees
from services.reranker.features import FEATURES
from services.reranker.ranker import DESCRIPTION, MODEL, Ranker
from shared.errors import Corrupt
from tests.unit.reranker.tiny_reranker import PRIOR, matrix, tiny_ranker

MATRIX = matrix(np.random.default_rng(5), 30, len(FEATURES))


def _save(folder: Path, features: list[str], prior: dict[str, float]) -> None:
    (folder / DESCRIPTION).write_text(json.dumps({"features": features, "prior": prior}))


def test_contributions_sum_to_the_score() -> None:
    ranker = tiny_ranker()
    parts, start = ranker.contributions(MATRIX)
    np.testing.assert_allclose(parts.sum(axis=1) + start, ranker.score(MATRIX), atol=1e-6)


def test_a_ranker_without_trees_is_its_prior() -> None:
    ranker = tiny_ranker(trees=False)
    expected = sum(weight * MATRIX[:, FEATURES.index(name)] for name, weight in PRIOR.items())
    np.testing.assert_allclose(ranker.score(MATRIX), expected, atol=1e-6)
    parts, start = ranker.contributions(MATRIX)
    np.testing.assert_allclose(parts.sum(axis=1) + start, expected, atol=1e-6)


def test_a_value_that_is_not_known_adds_nothing_to_the_prior() -> None:
    unknown = np.full((2, len(FEATURES)), np.nan, dtype=np.float32)
    assert tiny_ranker(trees=False).score(unknown).tolist() == [0, 0]


def test_what_training_wrote_is_what_serving_reads(tmp_path: Path) -> None:
    ranker = tiny_ranker()
    _save(tmp_path, list(FEATURES), PRIOR)
    ranker.trees.save_model(tmp_path / MODEL)
    compiled = replace(ranker, trees=CompiledTrees.of(ranker.trees))
    np.testing.assert_allclose(Ranker.open(tmp_path).score(MATRIX), compiled.score(MATRIX))


def test_a_ranker_of_an_older_version_reads_the_features_that_it_knows(tmp_path: Path) -> None:
    older = ["dense_score", "fused_z", "price_log"]  # fewer features than now, and in another order
    features = matrix(np.random.default_rng(0), 400, len(older))
    options = {
        "objective": "regression",
        "num_leaves": 4,
        "verbosity": -1,
        "num_threads": 1,
        "min_data_in_leaf": 5,
    }
    trees = lightgbm.train(
        options, lightgbm.Dataset(features, features @ [1.0, 2.0, -3.0]), num_boost_round=8
    )
    trees.save_model(tmp_path / MODEL)
    _save(tmp_path, older, {"fused_z": 0.5})
    ranker = Ranker.open(tmp_path)
    places = [FEATURES.index(name) for name in older]
    expected = 0.5 * MATRIX[:, FEATURES.index("fused_z")] + trees.predict(MATRIX[:, places])
    np.testing.assert_allclose(ranker.score(MATRIX), expected, atol=1e-6)
    parts, start = ranker.contributions(MATRIX)
    np.testing.assert_allclose(parts.sum(axis=1) + start, expected, atol=1e-6)
    assert not np.delete(parts, places, axis=1).any()


def test_trees_of_other_features_than_the_description_are_refused(tmp_path: Path) -> None:
    _save(tmp_path, list(FEATURES[:-1]), PRIOR)
    tiny_ranker().trees.save_model(tmp_path / MODEL)
    with pytest.raises(Corrupt, match="was trained on"):
        Ranker.open(tmp_path)


def test_no_candidates_have_no_scores() -> None:
    assert tiny_ranker().score(MATRIX[:0]).shape == (0,)
    assert tiny_ranker().contributions(MATRIX[:0])[0].shape == (0, len(FEATURES))


def test_a_ranker_of_other_features_is_refused(tmp_path: Path) -> None:
    _save(tmp_path, ["shoe_size"], {})
    with pytest.raises(Corrupt, match="other features"):
        Ranker.open(tmp_path)


def test_trees_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    _save(tmp_path, list(FEATURES), {})
    (tmp_path / MODEL).write_text("not a tree")
    with pytest.raises(Corrupt, match="cannot be read"):
        Ranker.open(tmp_path)
