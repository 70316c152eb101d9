"""The gate: why a new ranker may not replace the one in use."""

from dataclasses import dataclass

from services.training.learning.judging import Judgement


@dataclass(frozen=True)
class GateSettings:
    """Limits that a new ranker must keep."""

    least_pages: int = 200  # later pages that it is judged on
    least_coverage: float = 0.8  # of the distinct products that the ranker in use puts first
    least_new_products: float = 0.5  # of those among them that were never opened
    most_ms: float = 8.0  # to score a page's candidates
    worst_new_query_gain: float = -0.005  # of MRR, on pages as if their query were new


def refusal(judgement: Judgement, settings: GateSettings) -> str:
    """Why it is not promoted; empty if it may be."""
    reasons = []
    if judgement.pages < settings.least_pages:
        return f"only {judgement.pages} later pages can judge it; {settings.least_pages} are needed"
    if judgement.gain_low <= 0:
        interval = f"{judgement.gain_low:+.4f} to {judgement.gain_high:+.4f}"
        reasons.append(f"it is not better beyond chance: MRR changes by {interval} (95 %)")
    if judgement.new_query_gain < settings.worst_new_query_gain:
        reasons.append(f"queries never asked before lose {-judgement.new_query_gain:.4f} of MRR")
    if judgement.coverage < settings.least_coverage:
        reasons.append(f"it shows {judgement.coverage:.0%} as many different products first")
    if judgement.new_products < settings.least_new_products:
        reasons.append(f"it shows {judgement.new_products:.0%} as many products that were never opened")
    if judgement.rank_ms > settings.most_ms:
        reasons.append(f"it takes {judgement.rank_ms:.1f} ms a page; {settings.most_ms:.0f} is the most")
    return "; ".join(reasons)
