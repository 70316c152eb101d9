"""Trains the ranker: a linear prior, and LambdaMART on top.

Each is used only as far as held-out queries improve.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.reranker.features import FEATURES
from services.reranker.ranker import DESCRIPTION, MODEL
from services.reranker.training.prior import PRIOR, fitted_prior, linear, weights_of
from services.reranker.training.quality import Scores, beyond_noise, qualities
from services.reranker.training.ranking_group import RankingGroup
from shared.errors import InvalidRequest

Groups = Sequence[RankingGroup]

# Features whose meaning does not depend on the catalogue, so that a ranker transfers between shops.
TRANSFERABLE = (
    "dense_score", "maxsim_score", "block_score", "lexical_z", "dense_z", "fused_z", "maxsim_z", "block_z",
    "lexical_reciprocal_rank", "dense_reciprocal_rank",
)  # fmt: skip
# Larger values never lower a product's score
_RISING = frozenset({*TRANSFERABLE, "lexical_score", "fused_score"})
# Least gain of nDCG@10 by trees; below it, overfitting to one catalogue costs more on others
_LEAST_GAIN = 0.002
_COUNT_STEP = 10  # step between the numbers of trees to compare
_GRADE_STEPS = 4  # LightGBM requires whole labels: quarters of a grade
_GAINS = [2 ** (step / _GRADE_STEPS) - 1 for step in range(3 * _GRADE_STEPS + 1)]


@dataclass(frozen=True)
class RankerSettings:
    """Small trees and small steps, since a few hundred queries overfit easily."""

    features: Sequence[str] = TRANSFERABLE
    unjudged: int = 30  # candidates of a query, with grade 0
    unjudged_weight: float = 0.2  # low, because many of them are good but unjudged
    max_trees: int = 200
    leaves: int = 8
    learning_rate: float = 0.03
    min_leaf: int = 100
    folds: int = 4
    seed: int = 0


@dataclass(frozen=True)
class TrainedRanker:
    """A ranker, and its nDCG@10 on held-out queries."""

    prior: Mapping[str, float]
    trees: str  # LightGBM's text format; empty if trees did not help
    tree_count: int
    ndcg: Mapping[str, float]  # shipped_prior, prior, ranker

    def write(self, folder: Path) -> None:
        """Write ranker.json, and ranker.txt if there are trees, into a bundle's folder."""
        write_description(folder, self.prior)
        if self.trees:
            (folder / MODEL).write_text(self.trees)


def write_description(folder: Path, prior: Mapping[str, float]) -> None:
    """Write FOLDER/ranker.json; without a ranker.txt next to it, the prior alone ranks."""
    description = {"features": list(FEATURES), "prior": dict(prior)}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")


def train_ranker(groups: Sequence[RankingGroup], settings: RankerSettings | None = None) -> TrainedRanker:
    """Fit prior and trees on all groups, as far as cross-validation shows a gain.

    Raises InvalidRequest if fewer than 20 groups have an order to learn.

    Burges, "From RankNet to LambdaRank to LambdaMART" (2010).
    """
    chosen = settings or RankerSettings()
    ordered = [group.thinned(chosen.unjudged, weights_of(PRIOR)) for group in groups if group.has_order]
    if len(ordered) < 20:
        raise InvalidRequest(
            "judgments", f"give only {len(ordered)} queries an order to learn; 20 are needed"
        )
    folds = [_fold(*parts, chosen) for parts in _splits(ordered, chosen)]
    curve = np.concatenate([fold.by_trees for fold in folds])  # (groups, counts)
    best = int(np.argmax(curve.mean(axis=0)))
    best = best if beyond_noise(curve[:, best] - curve[:, 0], _LEAST_GAIN) else 0
    prior = fitted_prior(ordered)
    count = best * _COUNT_STEP
    trees = _fit(ordered, prior, chosen, count).model_to_string() if count else ""
    shipped = np.concatenate([fold.shipped for fold in folds])
    means = {"shipped_prior": shipped, "prior": curve[:, 0], "ranker": curve[:, best]}
    return TrainedRanker(prior, trees, count, {name: float(values.mean()) for name, values in means.items()})


@dataclass(frozen=True)
class _Fold:
    """nDCG@10 of the held-out groups of a fold."""

    shipped: Scores  # (groups,): with the shipped prior
    by_trees: Scores  # (groups, counts): with the prior fitted on the others, and 0, 10, 20 ... trees


def _splits(groups: Sequence[RankingGroup], settings: RankerSettings) -> Iterator[tuple[Groups, Groups]]:
    """For each part of the queries: the groups to fit on, and the held-out groups."""
    queries = np.unique([group.query for group in groups])
    parts = dict(zip(queries, np.random.default_rng(settings.seed).permutation(len(queries)), strict=True))
    for place in range(settings.folds):
        held_out = [group for group in groups if parts[group.query] % settings.folds == place]
        yield [group for group in groups if parts[group.query] % settings.folds != place], held_out


def _fold(fitted: Groups, held_out: Groups, settings: RankerSettings) -> _Fold:
    prior = fitted_prior(fitted)
    trees = _fit(fitted, prior, settings, settings.max_trees)
    begun = linear(held_out, prior)

    def scores(count: int) -> list[Scores]:
        found = (
            trees.predict(g.features, raw_score=True, num_iteration=count, num_threads=1) for g in held_out
        )
        return [start + each for start, each in zip(begun, found, strict=True)] if count else begun

    counts = range(0, settings.max_trees + 1, _COUNT_STEP)
    by_trees = np.stack([qualities(held_out, scores(count)) for count in counts], axis=1)
    return _Fold(qualities(held_out, linear(held_out, PRIOR)), by_trees)


def _fit(
    groups: Sequence[RankingGroup], prior: Mapping[str, float], settings: RankerSettings, count: int
) -> Any:
    import lightgbm

    matrix = _masked(np.concatenate([group.features for group in groups]), settings.features)
    grades = np.concatenate([group.grades for group in groups])
    data = lightgbm.Dataset(
        matrix,
        label=np.rint(_GRADE_STEPS * np.nan_to_num(grades)).astype(int),
        weight=np.where(np.isnan(grades), settings.unjudged_weight, 1.0),
        group=[len(group) for group in groups],
        init_score=np.concatenate(linear(groups, prior)),
        feature_name=list(FEATURES),
    )
    return lightgbm.train(_parameters(settings), data, num_boost_round=count)


def _parameters(settings: RankerSettings) -> dict[str, Any]:
    return {
        **boosting(settings.learning_rate, settings.leaves, settings.min_leaf, settings.seed),
        "label_gain": _GAINS,
        "lambdarank_truncation_level": 15,
        "monotone_constraints": [int(name in _RISING) for name in FEATURES],
        "num_threads": 1,  # a second thread spins without gain on groups this small
    }


def boosting(learning_rate: float, leaves: int, min_leaf: int, seed: int) -> dict[str, Any]:
    """The LightGBM parameters that all LambdaMART rankers share."""
    return {
        "objective": "lambdarank",
        "learning_rate": learning_rate,
        "num_leaves": leaves,
        "min_data_in_leaf": min_leaf,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _masked(matrix: NDArray[np.float32], used: Sequence[str]) -> NDArray[np.float32]:
    """The matrix with constant values in unused columns, so that trees cannot split on them."""
    masked = matrix.copy()
    masked[:, [place for place, name in enumerate(FEATURES) if name not in used]] = 0.0
    return masked
