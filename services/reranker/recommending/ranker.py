"""The trained ranker of recommendations; the formula for placements without trees."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.reranker.ranker import open_trees
from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.formula import Scores, formula_parts, formula_scores
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.trees_by_history import TreesByHistory
from shared.errors import Corrupt
from shared.models.bundle import (
    RECOMMEND,
    RECOMMEND_ALSO_BOUGHT,
    RECOMMEND_FOR_YOU,
    RECOMMEND_FOR_YOU_NEW,
)

# The file of the trees of each placement that is trained
RECOMMEND_MODELS: Mapping[Placement, str] = {
    Placement.FOR_YOU: RECOMMEND_FOR_YOU,
    Placement.ALSO_BOUGHT: RECOMMEND_ALSO_BOUGHT,
}
# The file of further trees, for products that are new to the visitor
RECOMMEND_NEW_MODELS: Mapping[Placement, str] = {Placement.FOR_YOU: RECOMMEND_FOR_YOU_NEW}
_POPULAR = RECOMMEND_FEATURES.index("purchases_month")
_OWN_DAYS = RECOMMEND_FEATURES.index("own_days")
_PRODUCTS = RECOMMEND_FEATURES.index("products")
_SEEDS = RECOMMEND_FEATURES.index("seeds")
_SEED_PURCHASES = RECOMMEND_FEATURES.index("seed_purchases")
# Of a seed that few bought lately, little is known, and popular products would fill its page. So
# the penalty is up to so many times higher, and half of that for a seed with so many visitors
_RARE_SEED = 8.0
_FEW = 3.0
_REMEDY = "train it again ('aisle train recommend') or roll back"


@dataclass(frozen=True)
class RecommendRanker:
    """Orders recommendations by the trees of the placement, or by the formula if it has none.

    The formula also orders `for_you` for visitors who have not bought anything.

    The score of trees is the log-odds of a purchase - penalty x purchases_month. The penalty trades
    a little relevance for showing more of the shop's products. It is higher for seeds that few
    bought.
    """

    trees: Mapping[Placement, Any] = field(default_factory=dict)  # CompiledTrees or TreesByHistory each
    names: tuple[str, ...] = RECOMMEND_FEATURES  # trees of an older bundle have fewer features
    penalties: Mapping[Placement, float] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> RecommendRanker:
        """Read FOLDER/recommend.json and its trees; without it, use the formula alone.

        recommend.json is {"features": [...], "penalties": {placement: penalty}}, with a penalty for
        each placement that has trees. Raises Corrupt if it has unknown features or placements, or
        the trees do not fit.
        """
        path = folder / RECOMMEND
        if not path.exists():
            return cls()
        names, penalties = _described(path)
        trees = {each: _opened(folder, each, names) for each in penalties}
        if missing := [RECOMMEND_MODELS[each] for each, opened in trees.items() if opened is None]:
            raise Corrupt(f"{folder} has no {', '.join(missing)}, which {path.name} names; {_REMEDY}")
        return cls(trees, names, penalties)

    def score(self, matrix: NDArray[np.float32], placement: Placement) -> Scores:
        """Scores (n,) of a feature matrix (n, len(RECOMMEND_FEATURES))."""
        trees = self._trees(matrix, placement)
        if trees is None:
            return formula_scores(matrix, placement)
        columns = [RECOMMEND_FEATURES.index(name) for name in self.names]
        learnt = np.asarray(trees.predict(matrix[:, columns], raw_score=True, num_threads=1))
        scores: Scores = learnt - self._penalty(matrix, placement)
        return scores

    def contributions(self, matrix: NDArray[np.float32], placement: Placement) -> tuple[Scores, float]:
        """The contributions of features to scores, (n, features), and the common start.

        Together they add up to score(). The trees' part is TreeSHAP (Lundberg et al., 2020).
        """
        trees = self._trees(matrix, placement)
        if trees is None:
            return formula_parts(matrix, placement), 0.0
        columns = [RECOMMEND_FEATURES.index(name) for name in self.names]
        shares = np.asarray(trees.predict(matrix[:, columns], pred_contrib=True, num_threads=1))
        found = np.zeros((len(matrix), len(RECOMMEND_FEATURES)))
        found[:, columns] = shares[:, :-1]
        start = float(shares[0, -1])
        found[:, _OWN_DAYS] += shares[:, -1] - start  # new products may start elsewhere
        found[:, _POPULAR] -= self._penalty(matrix, placement)
        return found, start

    def _trees(self, matrix: NDArray[np.float32], placement: Placement) -> Any:
        """The trees that score a page; None: the formula does.

        Those of `for_you` learn from visitors who bought something, and not from what these opened
        lately. For others, one click would often change nothing.
        """
        if not len(matrix):
            return None
        if placement is Placement.FOR_YOU and not matrix[0, _PRODUCTS] > 0:
            return None
        return self.trees.get(placement)

    def _penalty(self, matrix: NDArray[np.float32], placement: Placement) -> Scores:
        """(n,): what is taken from the trees' scores for popularity."""
        popular = np.nan_to_num(matrix[:, _POPULAR]).astype(np.float64)
        penalty: Scores = self.penalties.get(placement, 0.0) * popular
        if RECOMMEND_FEATURES[_SEED_PURCHASES] not in self.names:  # chosen with the penalty alone
            return penalty
        visitors = np.expm1(np.nan_to_num(matrix[:, _SEED_PURCHASES]))
        dearer = np.where(matrix[:, _SEEDS] > 0, 1 + _RARE_SEED * _FEW / (_FEW + visitors), 1.0)
        return penalty * dearer


def _opened(folder: Path, placement: Placement, names: tuple[str, ...]) -> Any:
    """The trees of a placement; None if there are none. Raises Corrupt."""
    trees = open_trees(folder / RECOMMEND_MODELS[placement], len(names))
    if placement not in RECOMMEND_NEW_MODELS or trees is None:
        return trees
    path = folder / RECOMMEND_NEW_MODELS[placement]
    new = open_trees(path, len(names))
    if new is None:  # bundles of older versions, and of shops with little evidence
        return trees
    own_days = RECOMMEND_FEATURES[_OWN_DAYS]
    if own_days not in names:
        raise Corrupt(f"{folder / RECOMMEND} has no {own_days}, which {path.name} needs; {_REMEDY}")
    return TreesByHistory(trees, new, names.index(own_days))


def _described(path: Path) -> tuple[tuple[str, ...], dict[Placement, float]]:
    try:
        content = json.loads(path.read_text())
        names = tuple(str(name) for name in content["features"])
        penalties = {Placement(name): float(value) for name, value in content["penalties"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt(f"{path} cannot be read ({error!r}); {_REMEDY}") from error
    if unknown := {*names} - {*RECOMMEND_FEATURES} | {*penalties} - {*RECOMMEND_MODELS}:
        raise Corrupt(f"{path} has {', '.join(sorted(unknown))}, which this version does not know; {_REMEDY}")
    if not all(math.isfinite(value) for value in penalties.values()):
        raise Corrupt(f"{path} has penalties that are not finite; {_REMEDY}")
    return names, penalties
