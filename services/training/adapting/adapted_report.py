"""What adapting came to, and the gate: why an adapted bundle may not replace its parent."""

from dataclasses import dataclass
from typing import Any

from services.reranker.training.quality import Scores
from services.training.adapting.held_out import Measured
from services.training.bundle_quality import Quality
from shared.bootstrap import interval

_DRAWS = 1_000


@dataclass(frozen=True)
class Adapted:
    """The same pseudo-queries by the parent's ranker and by the new one."""

    parent: str
    before: Measured
    after: Measured

    @property
    def quality(self) -> Quality:
        """nDCG@10 by the teachers' grades, the parent's beside it."""
        value, beside = self.after.summary[0], self.before.summary[0]
        return Quality(value, len(self.after.ndcg), {self.parent: beside})

    @property
    def refused(self) -> str:
        """Why it may not be promoted; empty if it may be."""
        gain_low, gain_high = _change(self.before.ndcg, self.after.ndcg)
        if gain_low <= 0:
            change = f"{gain_low:+.4f} to {gain_high:+.4f}"
            return f"it is not better beyond chance: nDCG@10 changes by {change} (95 %)"
        if (lost := _change(self.before.origin, self.after.origin))[1] < 0:
            change = f"{lost[0]:+.4f} to {lost[1]:+.4f}"
            return f"it lowers the products that queries were made from: by {change} (95 %)"
        return ""

    def report(self) -> dict[str, Any]:
        """The form in bundle.json."""
        pairs = {"ndcg@10": (self.before.ndcg, self.after.ndcg)}
        pairs["origin"] = (self.before.origin, self.after.origin)
        return {
            "parent": self.parent,
            "refused": self.refused,
            "queries": len(self.after.ndcg),
            **{name: _compared(*both) for name, both in pairs.items()},
        }


def _compared(before: Scores, after: Scores) -> dict[str, Any]:
    return {
        "before": round(float(before.mean()), 4),
        "after": round(float(after.mean()), 4),
        "change": round(float((after - before).mean()), 4),
        "interval": [round(bound, 4) for bound in _change(before, after)],
    }


def _change(before: Scores, after: Scores) -> tuple[float, float]:
    """The 95 % interval of the change, by the paired bootstrap over queries."""
    return interval(after - before, _DRAWS)
