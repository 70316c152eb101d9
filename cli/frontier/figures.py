"""What the points reach and cost, and which one to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from cli.frontier.points import Point

WITHIN = 0.003  # of nDCG@10, the mean over the shops


@dataclass
class Figures:
    """One point. Times are the least of the turns, since other work can only add to them."""

    point: Point
    # By shop: the means of nDCG@10, condensed nDCG@10 and recall@100
    quality: dict[str, dict[str, float]] = field(default_factory=dict)
    processor_ms: dict[str, float] = field(default_factory=dict)  # of a page, by shop
    page_ms: dict[str, float] = field(default_factory=dict)  # the median, one client
    load_seconds: float = float("inf")  # from the start of the process until it serves
    product_bytes: float = 0.0  # vectors and states, the mean
    failed: str = ""  # why it does not run here; empty: it does

    @property
    def ndcg(self) -> float:
        """nDCG@10, the mean over the shops."""
        return fmean(each["ndcg@10"] for each in self.quality.values())

    @property
    def cost(self) -> float:
        """Milliseconds of processor a page, the mean over the shops."""
        return fmean(self.processor_ms.values())

    def note_times(self, shop: str, processor_ms: float, page_ms: float) -> None:
        """Keep the least of all turns."""
        self.processor_ms[shop] = min(processor_ms, self.processor_ms.get(shop, processor_ms))
        self.page_ms[shop] = min(page_ms, self.page_ms.get(shop, page_ms))

    def report(self) -> dict[str, Any]:
        """The form that `--json` prints."""
        point = {"name": self.point.name, "tier": self.point.tier, "settings": dict(self.point.settings)}
        if self.failed:
            return {**point, "failed": self.failed}
        return {
            **point,
            "bundle": self.point.bundle,
            "quality": self.quality,
            "processor_ms": _rounded(self.processor_ms),
            "page_ms": _rounded(self.page_ms),
            "load_seconds": round(self.load_seconds, 2),
            "product_bytes": round(self.product_bytes),
        }


def chosen(found: Sequence[Figures]) -> Figures:
    """The cheapest within WITHIN of the best. `found` are points that run here, at least one."""
    best = max(each.ndcg for each in found)
    return min((each for each in found if each.ndcg >= best - WITHIN), key=lambda each: each.cost)


def frontier(found: Sequence[Figures]) -> list[Figures]:
    """The points than which no cheaper one is as good, cheapest first."""
    kept: list[Figures] = []
    for each in sorted(found, key=lambda one: (one.cost, -one.ndcg)):
        if not kept or each.ndcg > kept[-1].ndcg:
            kept.append(each)
    return kept


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}
