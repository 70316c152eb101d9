"""The learned ranker: a linear prior, plus trees."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.reranker.compiled_trees import CompiledTrees
from services.reranker.features import FEATURES
from services.reranker.query import Matrix
from shared.errors import Corrupt

MODEL = "ranker.txt"
DESCRIPTION = "ranker.json"

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Ranker:
    """Computes relevance_score = sum of prior[f] x f, with 0 for unknown f, + the trees' score.

    The trees are LightGBM's LambdaMART (Burges, "From RankNet to LambdaRank to LambdaMART", 2010).
    They are trained with the prior as their starting score, so a ranker with few judgments or no
    trees still orders well.
    """

    prior: Scores  # (features,)
    trees: Any = None  # of open_trees, over the features named next, or None
    names: tuple[str, ...] = FEATURES  # trees of an older bundle have fewer features

    @cached_property
    def _places(self) -> list[int]:
        """The positions of the trees' features among all."""
        return [FEATURES.index(name) for name in self.names]

    @classmethod
    def open(cls, folder: Path) -> Ranker:
        """Read FOLDER/ranker.json and, if it exists, ranker.txt.

        ranker.json is {"features": [...], "prior": {feature: weight}}. It may have fewer features
        than this version. Raises Corrupt if it has unknown ones, the trees do not fit them, or a
        weight is not finite.
        """
        names, weights = _described(folder / DESCRIPTION)
        if unknown := {*names, *weights} - {*FEATURES}:
            others = f"has other features than this version ({', '.join(sorted(unknown))})"
            raise Corrupt(f"{folder / DESCRIPTION} {others}; train the ranker again")
        prior = np.array([weights.get(name, 0.0) for name in FEATURES])
        if not np.isfinite(prior).all():
            raise Corrupt(
                f"{folder / DESCRIPTION} has weights that are not finite; train the ranker again or roll back"
            )
        return cls(prior, open_trees(folder / MODEL, len(names)), names)

    @classmethod
    def of_text(cls, prior: Mapping[str, float], trees: str) -> Ranker:
        """A ranker over FEATURES. `trees` is LightGBM's text format; empty: none."""
        weights = np.array([prior.get(name, 0.0) for name in FEATURES])
        return cls(weights, CompiledTrees.of_text(trees) if trees else None)

    def score(self, matrix: Matrix) -> Scores:
        """Scores (n,) of a feature matrix (n, features)."""
        linear: Scores = np.nan_to_num(matrix) @ self.prior
        if self.trees is None or not len(matrix):
            return linear
        learned: Scores = np.asarray(
            self.trees.predict(matrix[:, self._places], raw_score=True, num_threads=1)
        )
        return linear + learned

    def contributions(self, matrix: Matrix) -> tuple[Scores, float]:
        """The contributions of features to scores, (n, features), and the common start.

        Together they add up to score(). The trees' part is TreeSHAP (Lundberg et al., 2020).
        """
        linear: Scores = np.nan_to_num(matrix) * self.prior
        if self.trees is None or not len(matrix):
            return linear, 0.0
        shares = np.asarray(self.trees.predict(matrix[:, self._places], pred_contrib=True, num_threads=1))
        linear[:, self._places] += shares[:, :-1]
        return linear, float(shares[0, -1])


def _described(path: Path) -> tuple[tuple[str, ...], dict[str, float]]:
    """The features of a ranker, and the weights of its prior."""
    try:
        content = json.loads(path.read_text())
        names = tuple(str(name) for name in content["features"])
        return names, {str(name): float(weight) for name, weight in content["prior"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt(f"{path} cannot be read ({error!r}); train the ranker again or roll back") from error


def open_trees(path: Path, feature_count: int) -> Any:
    """CompiledTrees, or a lightgbm.Booster that cannot be compiled, from a file; None without one.

    Raises Corrupt if it has another number of features or leaves that are not finite.
    """
    if not path.exists():
        return None
    import lightgbm

    _check_leaves(path)
    try:
        trees = lightgbm.Booster(model_file=str(path))
    except lightgbm.basic.LightGBMError as error:
        raise Corrupt(
            f"{path} cannot be read ({str(error)[:200]}); train the ranker again or roll back"
        ) from error
    if trees.num_feature() != feature_count:
        raise Corrupt(
            f"{path} was trained on {trees.num_feature()} features, not {feature_count}; train it again"
        )
    return CompiledTrees.of(trees)


def _check_leaves(path: Path) -> None:
    """Raise Corrupt if a leaf's value is not finite, which LightGBM does not check."""
    leaves = (
        line for line in path.read_text(errors="replace").splitlines() if line.startswith("leaf_value=")
    )
    try:
        finite = all(
            math.isfinite(float(value)) for line in leaves for value in line.partition("=")[2].split()
        )
    except ValueError:
        finite = False
    if not finite:
        raise Corrupt(f"{path} has leaves that are not finite numbers; train the ranker again or roll back")
