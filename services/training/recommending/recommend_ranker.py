"""Trains the ranker of recommendations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RECOMMEND_MODELS, RecommendRanker
from services.training.recommending.dataset import Lessons
from shared.errors import InvalidRequest
from shared.models.bundle import RECOMMEND

_LEAST_PAGES = 50


@dataclass(frozen=True, slots=True)
class RankerSettings:
    """Settings to train the trees of a placement."""

    trees: int = 150
    leaves: int = 31
    learning_rate: float = 0.05
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


def train_trees(
    placement: Placement, lessons: Sequence[Lessons], settings: RankerSettings | None = None
) -> TrainedTrees:
    """Trees that estimate the log-odds that a candidate is bought (logistic loss).

    On pages of later days this loss ordered better than LambdaMART, and trained in a third of the
    time (docs/recommendations.md). Raises InvalidRequest for too few pages.
    """
    import lightgbm

    chosen = settings or RankerSettings()
    if len(lessons) < _LEAST_PAGES:
        raise InvalidRequest(
            "interactions",
            f"have only {len(lessons)} pages for {placement}; {_LEAST_PAGES} are needed",
        )
    weights = np.concatenate([each.weights for each in lessons])
    data = lightgbm.Dataset(
        np.concatenate([each.features for each in lessons]),
        label=np.concatenate([each.bought for each in lessons]).astype(int),
        weight=weights / weights.mean(),
        feature_name=list(RECOMMEND_FEATURES),
    )
    booster = lightgbm.train(_parameters(chosen), data, num_boost_round=chosen.trees)
    gains = np.asarray(booster.feature_importance("gain"), np.float64)
    shares = (gains / max(float(gains.sum()), 1e-9)).tolist()
    by_feature = dict(zip(RECOMMEND_FEATURES, shares, strict=True))
    return TrainedTrees(placement, booster.model_to_string(), chosen.penalty, by_feature)


def ranker_of(trained: Sequence[TrainedTrees]) -> RecommendRanker:
    """A ranker with the trees of some placements."""
    import lightgbm

    return RecommendRanker(
        {each.placement: lightgbm.Booster(model_str=each.trees) for each in trained},
        penalties={each.placement: each.penalty for each in trained},
    )


def write_recommend_ranker(folder: Path, trained: Sequence[TrainedTrees]) -> None:
    """Write recommend.json and the trees into a bundle's folder."""
    penalties = {str(each.placement): each.penalty for each in trained}
    description = {"features": list(RECOMMEND_FEATURES), "penalties": penalties}
    (folder / RECOMMEND).write_text(json.dumps(description, indent=1) + "\n")
    for each in trained:
        (folder / RECOMMEND_MODELS[each.placement]).write_text(each.trees)


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
