"""Recall, nDCG and coverage of recommended products against what was bought."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from shared.bootstrap import interval

TOP = 20
_DRAWS = 1_000


@dataclass
class Found:
    """Of one way to recommend, over all questions that were asked."""

    catalog_size: int
    recalls: list[float] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    empty_count: int = 0

    def add(self, recommended: Sequence[str], wanted: Collection[str]) -> None:
        """Note the first TOP recommended products, and what was bought. At least one was."""
        top = list(recommended)[:TOP]
        self.shown.update(top)
        self.empty_count += not top
        hits = [product in wanted for product in top]
        most = min(TOP, len(wanted))
        self.recalls.append(sum(hits) / most)
        best = sum(1 / math.log2(place + 2) for place in range(most))
        self.gains.append(sum(hit / math.log2(place + 2) for place, hit in enumerate(hits)) / best)

    @property
    def recall(self) -> float:
        """Of min(TOP, size of the basket) products, the share that was recommended; the mean."""
        return float(np.mean(self.recalls)) if self.recalls else math.nan

    @property
    def ndcg(self) -> float:
        """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002), the mean."""
        return float(np.mean(self.gains)) if self.gains else math.nan

    @property
    def coverage(self) -> float:
        """Share of the catalogue that was recommended to somebody."""
        return len(self.shown) / max(1, self.catalog_size)

    def cells(self) -> str:
        """Recall with its 95 % interval, nDCG, coverage."""
        low, high = interval(np.array(self.recalls), _DRAWS)
        return f"{self.recall:.4f} ({low:.4f} to {high:.4f}) | {self.ndcg:.4f} | {self.coverage:.3f}"
