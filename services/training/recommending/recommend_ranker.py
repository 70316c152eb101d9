"""Trains the ranker of recommendations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.reranker.compiled_trees import CompiledTrees
from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import (
    RECOMMEND_MODELS,
    RECOMMEND_NEW_MODELS,
    RecommendRanker,
)
from services.reranker.recommending.trees_by_history import TreesByHistory
from services.training.recommending.dataset import Lessons
from shared.errors import InvalidRequest
from shared.models.bundle import RECOMMEND

_LEAST_PAGES = 50
_LEAST_NEW = 500  # first purchases of a product, for trees of their own
_OWN_DAYS = RECOMMEND_FEATURES.index("own_days")


@dataclass(frozen=True, slots=True)
class RankerSettings:
    """Settings to train the trees of a placement."""

    trees: int = 100
    leaves: int = 15  # 31 and half more trees took thrice as long, and ordered no better
    learning_rate: float = 0.08
    min_leaf: int = 100
    penalty: float = 0.0  # of popularity, as in RecommendRanker
    threads: int = 2
    seed: int = 0


@dataclass(frozen=True)
class TrainedTrees:
    """The trees of a placement, in LightGBM's text format, and the penalty of popularity."""

    placement: Placement
    trees: str
    penalty: float
    gains: dict[str, float] = field(default_factory=dict)  # feature -> share of the trees' gain
    new_trees: str = ""  # for products that are new to the visitor; empty: the same trees

    @classmethod
    def of(cls, placement: Placement, trees: Any, penalty: float) -> TrainedTrees:
        """The trees that a ranker has opened."""
        if isinstance(trees, TreesByHistory):
            new = trees.new.model_to_string()
            return cls(placement, trees.known.model_to_string(), penalty, new_trees=new)
        return cls(placement, trees.model_to_string(), penalty)

    def opened(self) -> Any:
        """The trees that score: CompiledTrees or TreesByHistory."""
        trees = CompiledTrees.of_text(self.trees)
        if not self.new_trees:
            return trees
        return TreesByHistory(trees, CompiledTrees.of_text(self.new_trees), _OWN_DAYS)


def train_trees(
    placement: Placement, lessons: Sequence[Lessons], settings: RankerSettings | None = None
) -> TrainedTrees:
    """Trees that estimate the log-odds that a candidate is bought (logistic loss).

    On pages of later days this loss ordered better than LambdaMART, and trained in a third of the
    time (docs/recommendations.md). With enough evidence, products that are new to the visitor have
    trees of their own in `for_you`. Raises InvalidRequest for too few pages.
    """
    import lightgbm

    chosen = settings or RankerSettings()
    if len(lessons) < _LEAST_PAGES:
        raise InvalidRequest(
            "interactions",
            f"have only {len(lessons)} pages for {placement}; {_LEAST_PAGES} are needed",
        )
    rows, parameters = Lessons.joined(lessons), _parameters(chosen)
    data = _data(rows, parameters)
    booster = lightgbm.train(parameters, data, num_boost_round=chosen.trees)
    new = _rows_of_new(rows) if placement in RECOMMEND_NEW_MODELS else ()
    new_trees = ""
    if len(new):
        new_trees = lightgbm.train(parameters, data.subset(new), chosen.trees).model_to_string()
    return TrainedTrees(placement, booster.model_to_string(), chosen.penalty, _gains(booster), new_trees)


def _data(rows: Lessons, parameters: dict[str, Any]) -> Any:
    """The rows as a lightgbm.Dataset."""
    import lightgbm

    return lightgbm.Dataset(
        rows.features,
        label=rows.bought.astype(int),
        weight=rows.weights / rows.weights.mean(),
        feature_name=list(RECOMMEND_FEATURES),
        params=parameters,
    )


def _rows_of_new(rows: Lessons) -> NDArray[np.int64]:
    """The rows of products new to their visitors; none if too few of them were bought."""
    is_new = rows.features[:, _OWN_DAYS] == 0
    enough = np.count_nonzero(rows.bought & is_new) >= _LEAST_NEW
    return np.flatnonzero(is_new) if enough else np.empty(0, np.int64)


def _gains(booster: Any) -> dict[str, float]:
    gains = np.asarray(booster.feature_importance("gain"), np.float64)
    shares = (gains / max(float(gains.sum()), 1e-9)).tolist()
    return dict(zip(RECOMMEND_FEATURES, shares, strict=True))


def ranker_of(trained: Sequence[TrainedTrees]) -> RecommendRanker:
    """A ranker with the trees of some placements."""
    return RecommendRanker(
        {each.placement: each.opened() for each in trained},
        penalties={each.placement: each.penalty for each in trained},
    )


def write_recommend_ranker(folder: Path, trained: Sequence[TrainedTrees]) -> None:
    """Write recommend.json and the trees into a bundle's folder."""
    penalties = {str(each.placement): each.penalty for each in trained}
    description = {"features": list(RECOMMEND_FEATURES), "penalties": penalties}
    (folder / RECOMMEND).write_text(json.dumps(description, indent=1) + "\n")
    for each in trained:
        (folder / RECOMMEND_MODELS[each.placement]).write_text(each.trees)
        if each.new_trees:
            (folder / RECOMMEND_NEW_MODELS[each.placement]).write_text(each.new_trees)


def _parameters(settings: RankerSettings) -> dict[str, Any]:
    return {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.min_leaf,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "max_bin": 127,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.threads,
        "verbosity": -1,
    }
