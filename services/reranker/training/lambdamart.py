"""Train the ranker: LambdaMART that begins at a linear prior, as far as held-out queries get better by it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.reranker.features import FEATURES
from services.reranker.ranker import DESCRIPTION, MODEL
from services.reranker.training.ranking_group import RankingGroup
from shared.errors import InvalidRequest

Scores = NDArray[np.float64]

# Never learned from judgments, so that a shop without any is served well: every leg has a say.
# What orders a page before trees have learnt anything; docs/relevance.md has the figures behind it.
PRIOR: Mapping[str, float] = {
    "fused_z": 1.0,
    "lexical_z": 0.4,
    "dense_z": 0.2,
    "maxsim_z": 0.15,
    "block_z": 0.05,
    "lexical_reciprocal_rank": 20.0,
}

# Features whose meaning does not depend on the catalogue: what is learnt from one shop holds for another.
TRANSFERABLE = (
    "dense_score", "maxsim_score", "block_score", "lexical_z", "dense_z", "fused_z", "maxsim_z", "block_z",
    "lexical_reciprocal_rank", "dense_reciprocal_rank",
)  # fmt: skip
_RISING = frozenset({*TRANSFERABLE, "lexical_score", "fused_score"})  # more of it never lowers a product
_GRADE_STEPS = 4  # LightGBM wants whole labels: quarters of a grade
_GAINS = [2 ** (step / _GRADE_STEPS) - 1 for step in range(3 * _GRADE_STEPS + 1)]


@dataclass(frozen=True)
class RankerSettings:
    """How to train; small trees in small steps, since a few hundred queries are easily learnt by heart."""

    prior: Mapping[str, float] = field(default_factory=lambda: dict(PRIOR))
    features: Sequence[str] = TRANSFERABLE
    unjudged: int = 30  # of a query, counted as grade 0
    unjudged_weight: float = 0.2  # many of them are good, only nobody looked
    max_trees: int = 200
    leaves: int = 8
    learning_rate: float = 0.03
    min_leaf: int = 100
    held_out_share: float = 0.25
    seed: int = 0


@dataclass(frozen=True)
class TrainedRanker:
    """A ranker, and nDCG@10 on the held-out queries by the prior alone and with the trees."""

    prior: Mapping[str, float]
    trees: str  # LightGBM's text format; empty when the trees did not help
    prior_ndcg: float
    ndcg: float
    tree_count: int

    def write(self, folder: Path) -> None:
        """Put ranker.json, and ranker.txt if there are trees, into a bundle's folder."""
        write_description(folder, self.prior)
        if self.trees:
            (folder / MODEL).write_text(self.trees)


def write_description(folder: Path, prior: Mapping[str, float]) -> None:
    """Write FOLDER/ranker.json; without a ranker.txt beside it the prior alone orders."""
    description = {"features": list(FEATURES), "prior": dict(prior)}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")


def train_ranker(groups: Sequence[RankingGroup], settings: RankerSettings | None = None) -> TrainedRanker:
    """Fit on most groups, choose the number of trees on the others. Raises InvalidRequest when too few are telling.

    Burges, "From RankNet to LambdaRank to LambdaMART" (2010).
    """
    chosen = settings or RankerSettings()
    prior = np.array([chosen.prior.get(name, 0.0) for name in FEATURES])
    telling = [group.thinned(chosen.unjudged, prior) for group in groups if group.is_telling]
    if len(telling) < 20:
        raise InvalidRequest("judgments", f"give only {len(telling)} queries an order to learn; 20 are needed")
    order = np.random.default_rng(chosen.seed).permutation(len(telling))
    cut = int(len(telling) * chosen.held_out_share)
    held_out, fitted = ([telling[place] for place in part] for part in (order[:cut], order[cut:]))
    trees = _fit(fitted, prior, chosen)
    quality = [_quality(held_out, prior, trees, count) for count in range(0, trees.num_trees() + 1, 10)]
    best = int(np.argmax(quality)) * 10
    text = trees.model_to_string(num_iteration=best) if best else ""
    return TrainedRanker(chosen.prior, text, quality[0], quality[best // 10], best)


def _fit(groups: Sequence[RankingGroup], prior: Scores, settings: RankerSettings) -> Any:
    import lightgbm

    matrix = _masked(np.concatenate([group.features for group in groups]), settings.features)
    grades = np.concatenate([group.grades for group in groups])
    data = lightgbm.Dataset(
        matrix,
        label=np.rint(_GRADE_STEPS * np.nan_to_num(grades)).astype(int),
        weight=np.where(np.isnan(grades), settings.unjudged_weight, 1.0),
        group=[len(group) for group in groups],
        init_score=np.concatenate([np.nan_to_num(group.features) @ prior for group in groups]),
        feature_name=list(FEATURES),
    )
    return lightgbm.train(_parameters(settings), data, num_boost_round=settings.max_trees)


def _parameters(settings: RankerSettings) -> dict[str, Any]:
    return {
        "objective": "lambdarank",
        "label_gain": _GAINS,
        "lambdarank_truncation_level": 15,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.min_leaf,
        "monotone_constraints": [int(name in _RISING) for name in FEATURES],
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 2,
        "verbosity": -1,
    }


def _masked(matrix: NDArray[np.float32], used: Sequence[str]) -> NDArray[np.float32]:
    """The matrix with one value in the columns that are not used: trees cannot split on those."""
    masked = matrix.copy()
    masked[:, [place for place, name in enumerate(FEATURES) if name not in used]] = 0.0
    return masked


def _quality(groups: Sequence[RankingGroup], prior: Scores, trees: Any, count: int) -> float:
    """Mean nDCG@10 over the judged candidates of each group (unjudged ones taken out)."""
    values = []
    for group in groups:
        judged = ~np.isnan(group.grades)
        matrix, grades = group.features[judged], group.grades[judged]
        scores = np.nan_to_num(matrix) @ prior
        if count:
            scores = scores + trees.predict(matrix, raw_score=True, num_iteration=count, num_threads=1)
        values.append(_ndcg(grades[np.argsort(-scores, kind="stable")]))
    return float(np.mean(values)) if values else 0.0


def _ndcg(grades: NDArray[np.float32], depth: int = 10) -> float:
    gains, ideal = 2.0**grades - 1, np.sort(2.0**grades - 1)[::-1]
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    best = float((ideal[:depth] * discounts[: len(ideal[:depth])]).sum())
    return float((gains[:depth] * discounts[: len(gains[:depth])]).sum()) / best if best else 0.0
