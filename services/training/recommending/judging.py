"""Quality of recommendations: recall, nDCG and coverage, with intervals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.bootstrap import interval
from shared.metrics import coverage, ndcg

_DRAWS = 1_000
CUT = 20

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The quality of g rankings."""

    recall: Values  # (g,): bought products in the first CUT, over min(CUT, number bought)
    ndcg: Values  # (g,)
    coverage: float  # share of the shop's products in the first CUT of any ranking

    def report(self) -> dict[str, Any]:
        """Means, and the 95 % interval of recall by the bootstrap."""
        low, high = interval(self.recall, _DRAWS)
        return {
            f"recall@{CUT}": round(float(self.recall.mean()), 4),
            "interval": (round(low, 4), round(high, 4)),
            f"ndcg@{CUT}": round(float(self.ndcg.mean()), 4),
            f"coverage@{CUT}": round(self.coverage, 3),
        }


def judge_rankings(
    rankings: Sequence[Sequence[str]], bought: Sequence[Collection[str]], product_count: int
) -> Judged:
    """Judge rankings, best first, by the products bought, at least one each."""
    recalls = [_recall(ranking, each) for ranking, each in zip(rankings, bought, strict=True)]
    gains = [ndcg(list(r), dict.fromkeys(b, 1.0), CUT) or 0.0 for r, b in zip(rankings, bought, strict=True)]
    return Judged(np.array(recalls), np.array(gains), coverage(rankings, product_count, CUT) or 0.0)


def paired_gain(ours: Values, theirs: Values) -> tuple[float, float, float]:
    """The mean of ours - theirs (g,), and its 95 % interval by the paired bootstrap."""
    low, high = interval(ours - theirs, _DRAWS)
    return float(np.mean(ours - theirs)), low, high


def _recall(ranking: Sequence[str], bought: Collection[str]) -> float:
    found = set(ranking[:CUT]).intersection(bought)
    return len(found) / min(CUT, len(bought))
