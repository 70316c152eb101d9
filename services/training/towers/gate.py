"""The gate: why new towers should not replace the old ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.training.towers.judging import ALL, NEW, TowerJudgement


@dataclass(frozen=True)
class TowerGate:
    """New towers require encoding all products again, so a gain must be beyond chance."""

    least_queries: int = 100  # later queries of the first set
    better: str = "ndcg@10"  # of the last tier; must be better beyond chance
    kept: tuple[str, ...] = ("recall@100", "ndcg@10")  # must not be worse beyond chance in any set


def refusal(judgements: Sequence[TowerJudgement], gate: TowerGate) -> str:
    """Why the new towers are not promoted; empty if they may be."""
    first = judgements[0]
    if first.queries[ALL] < gate.least_queries:
        return f"only {first.queries[ALL]} later queries can judge it; {gate.least_queries} are needed"
    reasons = []
    gain = first.gains[ALL][f"{last_tier(first)} {gate.better}"]
    if gain.low <= 0:
        interval = f"{gain.low:+.4f} to {gain.high:+.4f}"
        reasons.append(f"it is not better beyond chance: {gate.better} changes by {interval} (95 %)")
    for judged in judgements:
        for of, measure in ((of, measure) for of in (ALL, NEW) for measure in gate.kept):
            lost = judged.gains.get(of, {}).get(f"{last_tier(judged)} {measure}")
            if lost and lost.high < 0:
                fall = f"{measure} falls from {lost.old:.4f} to {lost.new:.4f}"
                reasons.append(f"{judged.name}, {of} queries: {fall}")
    return "; ".join(reasons)


def last_tier(judged: TowerJudgement) -> str:
    """The tier that pages show: reranked if there is a reranker."""
    return "reranked" if "reranked ndcg@10" in judged.gains[ALL] else "fused"
