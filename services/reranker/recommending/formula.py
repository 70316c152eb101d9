"""The order of recommendations without a trained ranker, for new shops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.placement import Placement

Scores = NDArray[np.float64]

_PLACES = {name: place for place, name in enumerate(RECOMMEND_FEATURES)}

# Orders products without other evidence: near ones first, then those with many ratings
_EVERYWHERE = {
    "is_proposed": 0.1,
    "seed_similarity": 0.1,
    "history_similarity": 0.1,
    "rating_count_log": 0.001,
}
# Weight of each feature, by placement: sum of weight x feature, with 0 for unknown ones
_POPULAR = {"purchases_expected": 1.0, "opens_week": 0.1}
_TRENDING = {"trend": 1.0, "purchases_week": 0.5, "opens_week": 0.1}
_WEIGHTS: Mapping[Placement, Mapping[str, float]] = {
    Placement.SIMILAR: {
        "seed_similarity": 2.0, "price_gap": -0.2, "seed_opened": 1.0, "seed_owned": 1.0, "seed_bought": 0.5
    },
    Placement.ALSO_BOUGHT: {"seed_bought": 1.0, "seed_owned": 0.3, "first_purchases_month": 0.01},
    Placement.ALSO_VIEWED: {"seed_opened": 1.0, "seed_bought": 0.3},
    Placement.FOR_YOU: {
        "own_share": 2.0, "history_owned": 1.0, "history_opened": 0.5, "purchases_expected": 0.05
    },
    Placement.TRENDING: _TRENDING,
    Placement.POPULAR: _POPULAR,
    # Placements with their own order have no weights (service.py)
    Placement.NEW_ARRIVALS: {},
    Placement.RECENTLY_VIEWED: {},
}  # fmt: skip


def formula_scores(matrix: NDArray[np.float32], placement: Placement) -> Scores:
    """Scores (n,) of a matrix (n, features): sum of weight x feature, 0 for unknown ones."""
    scores: Scores = formula_parts(matrix, placement).sum(axis=1)
    return scores


def formula_parts(matrix: NDArray[np.float32], placement: Placement) -> Scores:
    """The contribution of each feature to each score, (n, features)."""
    weights = np.zeros(len(RECOMMEND_FEATURES))
    for name, weight in {**_EVERYWHERE, **_WEIGHTS[placement]}.items():
        weights[_PLACES[name]] = weight
    parts: Scores = np.nan_to_num(matrix).astype(np.float64) * weights
    return parts
