"""The learned ranker of recommendations; the formula where there is none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.reranker.ranker import open_trees
from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.formula import Scores, formula_parts, formula_scores
from services.reranker.recommending.placement import Placement
from shared.errors import Corrupt

RECOMMEND_MODEL = "recommend.txt"
RECOMMEND_DESCRIPTION = "recommend.json"
_REMEDY = "train it again ('aisle train recommend') or roll back"


@dataclass(frozen=True)
class RecommendRanker:
    """Orders recommendations: LambdaMART for the placements that it learnt, the formula for others."""

    trees: Any = None  # a lightgbm.Booster over the features named next, or None
    names: tuple[str, ...] = RECOMMEND_FEATURES
    placements: frozenset[Placement] = frozenset()  # that the trees order

    @classmethod
    def open(cls, folder: Path) -> RecommendRanker:
        """Read FOLDER/recommend.json and recommend.txt; the formula alone if there is no recommend.json.

        recommend.json is {"features": [...], "placements": [...]}. Raises Corrupt if it has features
        or placements that this version does not know, or the trees do not fit them.
        """
        if not (folder / RECOMMEND_DESCRIPTION).exists():
            return cls()
        names, placements = _described(folder / RECOMMEND_DESCRIPTION)
        if unknown := {*names} - {*RECOMMEND_FEATURES}:
            raise Corrupt(
                f"{folder / RECOMMEND_DESCRIPTION} has unknown features {sorted(unknown)}; {_REMEDY}"
            )
        return cls(open_trees(folder / RECOMMEND_MODEL, len(names)), names, placements)

    def score(self, matrix: NDArray[np.float32], placement: Placement) -> Scores:
        """Scores (n,) of a feature matrix (n, len(RECOMMEND_FEATURES))."""
        if self.trees is None or placement not in self.placements or not len(matrix):
            return formula_scores(matrix, placement)
        columns = [RECOMMEND_FEATURES.index(name) for name in self.names]
        return np.asarray(self.trees.predict(matrix[:, columns], raw_score=True, num_threads=1))

    def contributions(self, matrix: NDArray[np.float32], placement: Placement) -> tuple[Scores, float]:
        """The contribution of each feature to each score, (n, features), and the start of all scores.

        Together they add up to score(). The trees' part is TreeSHAP (Lundberg et al., 2020).
        """
        if self.trees is None or placement not in self.placements or not len(matrix):
            return formula_parts(matrix, placement), 0.0
        columns = [RECOMMEND_FEATURES.index(name) for name in self.names]
        shares = np.asarray(self.trees.predict(matrix[:, columns], pred_contrib=True, num_threads=1))
        found = np.zeros((len(matrix), len(RECOMMEND_FEATURES)))
        found[:, columns] = shares[:, :-1]
        return found, float(shares[0, -1])


def _described(path: Path) -> tuple[tuple[str, ...], frozenset[Placement]]:
    try:
        content = json.loads(path.read_text())
        names = tuple(str(name) for name in content["features"])
        return names, frozenset(Placement(name) for name in content["placements"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{path} cannot be read ({error!r}); {_REMEDY}") from error
