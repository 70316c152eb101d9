"""The learned ranker: a linear prior, and what trees found beyond it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.reranker.features import FEATURES
from services.reranker.query import Matrix
from shared.errors import Corrupt

MODEL, DESCRIPTION = "ranker.txt", "ranker.json"

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Ranker:
    """relevance_score = sum of prior[f] x f, an unknown f counting 0, + the trees' score.

    The trees are LightGBM's LambdaMART (Burges, "From RankNet to LambdaRank to LambdaMART", 2010), trained with the
    prior as their starting score, so a ranker without trees, or with few judgments, still orders well.
    """

    prior: Scores  # (features,)
    trees: Any = None  # a lightgbm.Booster over all FEATURES, or None

    @classmethod
    def open(cls, folder: Path) -> "Ranker":
        """Read FOLDER/ranker.json {"features": [...], "prior": {feature: weight}} and, if it is there, ranker.txt.

        Raises Corrupt when they do not fit this version's features.
        """
        description = json.loads((folder / DESCRIPTION).read_text())
        if tuple(description["features"]) != FEATURES or description["prior"].keys() - set(FEATURES):
            raise Corrupt(f"{folder / DESCRIPTION} has other features than this version; train the ranker again")
        prior = np.array([description["prior"].get(name, 0.0) for name in FEATURES])
        return cls(prior, _trees(folder / MODEL))

    def score(self, matrix: Matrix) -> Scores:
        """Scores (n,) of a feature matrix (n, features)."""
        linear: Scores = np.nan_to_num(matrix) @ self.prior
        if self.trees is None or not len(matrix):
            return linear
        learned: Scores = np.asarray(self.trees.predict(matrix, raw_score=True, num_threads=1))
        return linear + learned

    def contributions(self, matrix: Matrix) -> tuple[Scores, float]:
        """What each feature added to each score, (n, features), and what all scores begin with.

        Together they sum to score(). The trees' share is TreeSHAP (Lundberg et al., 2020).
        """
        linear: Scores = np.nan_to_num(matrix) * self.prior
        if self.trees is None or not len(matrix):
            return linear, 0.0
        shares = np.asarray(self.trees.predict(matrix, pred_contrib=True, num_threads=1))
        return linear + shares[:, :-1], float(shares[0, -1])


def _trees(path: Path) -> Any:
    if not path.exists():
        return None
    import lightgbm

    try:
        trees = lightgbm.Booster(model_file=str(path))
    except lightgbm.basic.LightGBMError as error:
        raise Corrupt(f"{path} cannot be read ({error}); train the ranker again or roll back") from error
    if trees.num_feature() != len(FEATURES):
        raise Corrupt(f"{path} was trained on {trees.num_feature()} features, not {len(FEATURES)}; train it again")
    return trees
