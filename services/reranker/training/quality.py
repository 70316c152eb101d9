"""How well scores order the judged candidates of a query."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.reranker.training.ranking_group import RankingGroup

Scores = NDArray[np.float64]


def qualities(groups: Sequence[RankingGroup], scores: Sequence[Scores]) -> Scores:
    """nDCG@10 of each group over its judged candidates; unjudged ones are removed first."""
    return np.array([_quality(group, found) for group, found in zip(groups, scores, strict=True)])


def beyond_noise(gains: Scores, least: float = 0.0) -> bool:
    """Whether the mean of paired gains is above one standard error, and at least `least`."""
    return len(gains) > 1 and float(gains.mean()) > max(least, float(gains.std(ddof=1)) / len(gains) ** 0.5)


def _quality(group: RankingGroup, scores: Scores) -> float:
    judged = ~np.isnan(group.grades)
    return _ndcg(group.grades[judged][np.argsort(-scores[judged], kind="stable")])


def _ndcg(grades: NDArray[np.float32], depth: int = 10) -> float:
    gains = 2.0**grades - 1
    ideal = np.sort(2.0**grades - 1)[::-1]
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    best = float((ideal[:depth] * discounts[: len(ideal[:depth])]).sum())
    return float((gains[:depth] * discounts[: len(gains[:depth])]).sum()) / best if best else 0.0
