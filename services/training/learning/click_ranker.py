"""LambdaMART on shoppers' opens, over all features of the ranker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.reranker.features import FEATURES
from services.reranker.training.lambdamart import TrainedRanker, boosting
from services.reranker.training.prior import PRIOR, weights_of
from services.training.learning.own_history import without_own_history
from services.training.learning.pages import Floats, Pages

_DAY_SECONDS = 86_400.0
# Weight of the shipped prior beside the trees. Without the prior, products without opens have no
# initial order. With its full weight, many trees only undo it.
_PRIOR_SHARE = 0.3
_PRIOR = {name: _PRIOR_SHARE * weight for name, weight in PRIOR.items()}


@dataclass(frozen=True)
class ClickSettings:
    """How to learn from opens; measured in docs/learning.md."""

    trees: int = 120
    leaves: int = 15
    learning_rate: float = 0.05
    min_leaf: int = 100
    half_life_days: float = 10.0  # of a page's weight
    new_query_weight: float = 0.3  # of a copy of each page without its query's own history
    threads: int = 1
    seed: int = 0


def train_click_ranker(pages: Pages, row_weights: Floats, settings: ClickSettings) -> TrainedRanker:
    """Trees on top of the shipped prior; `row_weights` (r,) are the weights of opens.

    Burges, "From RankNet to LambdaRank to LambdaMART" (2010).
    """
    import lightgbm

    features = np.concatenate([pages.features, without_own_history(pages.features)])
    shares = (1.0, settings.new_query_weight)
    weights = _aged(pages, settings) * np.where(pages.opened, row_weights, 1.0)
    data = lightgbm.Dataset(
        features,
        label=np.tile(pages.opened.astype(int), 2),
        weight=np.concatenate([weights * share for share in shares]),
        group=np.tile(pages.sizes, 2),
        init_score=np.nan_to_num(features) @ weights_of(_PRIOR),
        feature_name=list(FEATURES),
    )
    trees = lightgbm.train(_parameters(settings), data, num_boost_round=settings.trees)
    return TrainedRanker(_PRIOR, trees.model_to_string(), settings.trees, {})


def _aged(pages: Pages, settings: ClickSettings) -> Floats:
    """(r,): the weight of each row by the age of its page."""
    age_days = (pages.seconds.max(initial=0.0) - pages.seconds) / _DAY_SECONDS
    aged: Floats = np.repeat(0.5 ** (age_days / settings.half_life_days), pages.sizes)
    return aged


def _parameters(settings: ClickSettings) -> dict[str, Any]:
    return {
        **boosting(settings.learning_rate, settings.leaves, settings.min_leaf, settings.seed),
        "lambdarank_truncation_level": 10,
        "num_threads": settings.threads,
    }
