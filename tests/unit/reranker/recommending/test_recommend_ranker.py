from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.formula import formula_scores
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.recommending.dataset import Lessons
from services.training.recommending.recommend_ranker import (
    RankerSettings,
    TrainedTrees,
    train_trees,
    write_recommend_ranker,
)
from shared.errors import Corrupt

_OWN_DAYS = RECOMMEND_FEATURES.index("own_days")
_MONTH = RECOMMEND_FEATURES.index("purchases_month")
_PRICE = RECOMMEND_FEATURES.index("price_log")
_PRODUCTS = RECOMMEND_FEATURES.index("products")
_SEEDS = RECOMMEND_FEATURES.index("seeds")
_SEED_PURCHASES = RECOMMEND_FEATURES.index("seed_purchases")


@pytest.fixture(scope="module")
def trained() -> TrainedTrees:
    chance = np.random.default_rng(0)
    lessons = []
    for _ in range(60):
        features = chance.random((10, len(RECOMMEND_FEATURES))).astype(np.float32)
        lessons.append(Lessons(features, features[:, _OWN_DAYS] > 0.7, np.ones(10, np.float32)))
    settings = RankerSettings(trees=20, min_leaf=5, penalty=1.0, threads=1)
    return train_trees(Placement.FOR_YOU, lessons, settings)


def _two(own_days: float, month: float) -> np.ndarray:
    matrix = np.full((2, len(RECOMMEND_FEATURES)), 0.5, np.float32)
    matrix[:, _SEEDS] = 0
    matrix[1, _OWN_DAYS] = own_days
    matrix[1, _MONTH] = month
    return matrix


def test_a_bundle_without_one_orders_by_the_formula(tmp_path: Path) -> None:
    matrix = _two(1.0, 0.5)
    ranker = RecommendRanker.open(tmp_path)
    for placement in Placement:
        assert ranker.score(matrix, placement).tolist() == formula_scores(matrix, placement).tolist()


def test_what_is_written_orders_its_placement_and_leaves_others_to_the_formula(
    tmp_path: Path, trained: TrainedTrees
) -> None:
    write_recommend_ranker(tmp_path, [trained])
    ranker = RecommendRanker.open(tmp_path)
    low, high = ranker.score(_two(0.9, 0.5), Placement.FOR_YOU)
    assert high > low
    matrix = _two(0.9, 0.5)
    expected = formula_scores(matrix, Placement.TRENDING).tolist()
    assert ranker.score(matrix, Placement.TRENDING).tolist() == expected


def test_visitors_who_bought_nothing_have_pages_by_the_formula(tmp_path: Path, trained: TrainedTrees) -> None:
    write_recommend_ranker(tmp_path, [trained])
    ranker = RecommendRanker.open(tmp_path)
    matrix = _two(0.9, 0.5)
    matrix[:, _PRODUCTS] = 0
    assert (
        ranker.score(matrix, Placement.FOR_YOU).tolist() == formula_scores(matrix, Placement.FOR_YOU).tolist()
    )
    parts, start = ranker.contributions(matrix, Placement.FOR_YOU)
    np.testing.assert_allclose(parts.sum(axis=1) + start, ranker.score(matrix, Placement.FOR_YOU))


def test_popularity_costs_its_penalty(tmp_path: Path, trained: TrainedTrees) -> None:
    write_recommend_ranker(tmp_path, [trained])
    low, high = RecommendRanker.open(tmp_path).score(_two(0.5, 3.5), Placement.FOR_YOU)
    assert high < low - 2.0


def _price_of_popularity(ranker: RecommendRanker, seed_visitors: float) -> float:
    matrix = _two(0.5, 0.5)
    matrix[:, _SEEDS] = 1
    matrix[:, _SEED_PURCHASES] = np.log1p(seed_visitors)
    (trees,) = ranker.trees.values()
    columns = [RECOMMEND_FEATURES.index(name) for name in ranker.names]
    learnt = trees.predict(matrix[:, columns], raw_score=True)
    return float(learnt[1] - ranker.score(matrix, Placement.FOR_YOU)[1]) / 0.5


def test_popularity_costs_more_where_few_bought_the_seed(tmp_path: Path, trained: TrainedTrees) -> None:
    write_recommend_ranker(tmp_path, [trained])
    ranker = RecommendRanker.open(tmp_path)
    assert _price_of_popularity(ranker, 0) == pytest.approx(9.0)
    assert _price_of_popularity(ranker, 3) == pytest.approx(5.0)
    assert _price_of_popularity(ranker, 1e6) == pytest.approx(1.0, abs=0.01)
    matrix = _two(0.9, 0.5)
    matrix[:, _SEEDS] = 1
    parts, start = ranker.contributions(matrix, Placement.FOR_YOU)
    assert parts.sum(axis=1) + start == pytest.approx(ranker.score(matrix, Placement.FOR_YOU))


def test_an_older_bundle_keeps_its_penalty(tmp_path: Path, trained: TrainedTrees) -> None:
    write_recommend_ranker(tmp_path, [trained])
    older = tuple("price_log" if name == "seed_purchases" else name for name in RECOMMEND_FEATURES)
    ranker = replace(RecommendRanker.open(tmp_path), names=older)
    assert _price_of_popularity(ranker, 0) == pytest.approx(1.0)


def test_fewer_features_of_an_older_bundle_are_found_by_name(tmp_path: Path, trained: TrainedTrees) -> None:
    write_recommend_ranker(tmp_path, [trained])
    description = json.loads((tmp_path / "recommend.json").read_text())
    description["features"].append("of_the_future")
    (tmp_path / "recommend.json").write_text(json.dumps(description))
    with pytest.raises(Corrupt, match="of_the_future, which this version does not know"):
        RecommendRanker.open(tmp_path)
    description["features"] = description["features"][:5]
    (tmp_path / "recommend.json").write_text(json.dumps(description))
    with pytest.raises(Corrupt, match=r"recommend\.txt was trained on"):
        RecommendRanker.open(tmp_path)


@pytest.fixture(scope="module")
def split() -> TrainedTrees:
    """Known products are bought if their price is high, and new ones if it is low."""
    chance = np.random.default_rng(0)
    lessons = []
    for _ in range(60):
        features = chance.random((40, len(RECOMMEND_FEATURES))).astype(np.float32)
        features[:, _OWN_DAYS] = chance.integers(0, 2, 40)
        is_high = features[:, _PRICE] > 0.5
        bought = np.where(features[:, _OWN_DAYS] > 0, is_high, ~is_high)
        lessons.append(Lessons(features, bought, np.ones(40, np.float32)))
    return train_trees(Placement.FOR_YOU, lessons, RankerSettings(trees=20, min_leaf=5, threads=1))


def test_new_products_have_trees_of_their_own(tmp_path: Path, split: TrainedTrees) -> None:
    write_recommend_ranker(tmp_path, [split])
    ranker = RecommendRanker.open(tmp_path)
    matrix = np.full((4, len(RECOMMEND_FEATURES)), 0.5, np.float32)
    matrix[:, _OWN_DAYS] = 1, 0, 1, 0
    matrix[:, _PRICE] = 0.9, 0.9, 0.1, 0.1
    scores = ranker.score(matrix, Placement.FOR_YOU)
    assert scores[0] > scores[2] and scores[3] > scores[1]
    for rows in (matrix, matrix[[1, 0, 3]], matrix[:1], matrix[1:2]):
        parts, start = ranker.contributions(rows, Placement.FOR_YOU)
        expected = ranker.score(rows, Placement.FOR_YOU)
        assert parts.sum(axis=1) + start == pytest.approx(expected)
    new = lightgbm.Booster(model_str=split.new_trees)
    assert scores[[1, 3]] == pytest.approx(new.predict(matrix[[1, 3]], raw_score=True))


def test_trees_of_new_products_outlive_a_round_for_another_placement(
    tmp_path: Path, split: TrainedTrees
) -> None:
    write_recommend_ranker(tmp_path, [split])
    trees = RecommendRanker.open(tmp_path).trees[Placement.FOR_YOU]
    kept = TrainedTrees.of(Placement.FOR_YOU, trees, split.penalty)
    assert (kept.trees, kept.new_trees) == (split.trees, split.new_trees)


def test_too_few_first_purchases_have_no_trees_of_their_own(tmp_path: Path, trained: TrainedTrees) -> None:
    assert trained.new_trees == ""
    write_recommend_ranker(tmp_path, [trained])
    assert not (tmp_path / "recommend_new.txt").exists()


def test_trees_of_new_products_need_the_number_of_purchases(tmp_path: Path, split: TrainedTrees) -> None:
    write_recommend_ranker(tmp_path, [split])
    description = json.loads((tmp_path / "recommend.json").read_text())
    description["features"][_OWN_DAYS] = "own_age"
    (tmp_path / "recommend.json").write_text(json.dumps(description))
    with pytest.raises(Corrupt, match=r"has no own_days, which recommend_new\.txt needs"):
        RecommendRanker.open(tmp_path)


def test_missing_trees_and_broken_descriptions_are_named(tmp_path: Path, trained: TrainedTrees) -> None:
    write_recommend_ranker(tmp_path, [trained])
    (tmp_path / "recommend.txt").unlink()
    with pytest.raises(Corrupt, match=r"has no recommend\.txt"):
        RecommendRanker.open(tmp_path)
    (tmp_path / "recommend.json").write_text('{"features": [], "penalties": {"for_you": NaN}}')
    with pytest.raises(Corrupt, match="not finite"):
        RecommendRanker.open(tmp_path)
    (tmp_path / "recommend.json").write_text("[]")
    with pytest.raises(Corrupt, match=r"recommend\.json cannot be read"):
        RecommendRanker.open(tmp_path)
