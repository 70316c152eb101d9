"""A round for recommendations: train on earlier days, judge on later ones, promote."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.promotion import promote
from services.training.recommending.interactions import Interactions
from services.training.recommending.judging import CUT, Judged, paired_gain
from services.training.recommending.moment_trainer import MomentTrainer, RecommendSettings
from services.training.recommending.product_vectors import ProductVectors
from services.training.recommending.publishing import publish
from services.training.recommending.recommend_ranker import ranker_of
from shared.models.registry import Registry

_LOG = logging.getLogger(__name__)

_LEARNT = (Placement.FOR_YOU, Placement.ALSO_BOUGHT)


@dataclass(frozen=True, slots=True)
class PlacementOutcome:
    """The result for the trees of a placement."""

    placement: Placement
    refused: str  # why they were refused; empty: they passed
    pages: int = 0  # number of judging pages
    recall: float = 0.0
    recall_in_use: float = 0.0
    gain_low: float = 0.0  # of recall: the 95 % interval by paired bootstrap over pages
    gain_high: float = 0.0
    coverage: float = 0.0
    coverage_in_use: float = 0.0

    def report(self) -> dict[str, Any]:
        """The form in bundle.json."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "placement"}
        return {
            name: round(value, 5) if isinstance(value, float) else value for name, value in values.items()
        }


@dataclass(frozen=True, slots=True)
class RecommendRound:
    """The result of a round."""

    refused: str  # why the ranker in use stays; empty: the new ranker is in use
    bundle_version: str = ""
    outcomes: Sequence[PlacementOutcome] = ()

    def report(self) -> dict[str, Any]:
        """For the log and the command line."""
        placements = {str(each.placement): each.report() for each in self.outcomes}
        return {"bundle_version": self.bundle_version, "refused": self.refused, "placements": placements}


def learn_to_recommend(
    data: Path,
    lines: Interactions,
    vectors: ProductVectors | None,
    now_seconds: float,
    settings: RecommendSettings | None = None,
) -> RecommendRound:
    """Train rankers on the interactions, and promote those that are better beyond chance.

    The last days judge rankers that were trained on the days before. Those that pass are trained
    again with the last days included, since shoppers change.
    """
    chosen = settings or RecommendSettings()
    base = Registry.of(data).chosen()
    if base is None:
        return RecommendRound("no bundle is in use, so there is none to add a ranker to")
    trainer = MomentTrainer(lines, vectors, now_seconds, chosen)
    if not trainer.has_enough_days:
        return RecommendRound("too little evidence: the orders span too few days")
    in_use = RecommendRanker.open(base.folder)
    outcomes = [_outcome(trainer, each, in_use, chosen) for each in _LEARNT]
    passed = [each.placement for each in outcomes if not each.refused]
    refitted = [trees for each in passed if (trees := trainer.trained(each, now_seconds))]
    if not refitted:
        return RecommendRound(_refusals(outcomes), outcomes=outcomes)
    report = {str(each.placement): each.report() for each in outcomes}
    version = publish(data, base, refitted, report)
    promote(Registry.of(data), version)
    _LOG.info("recommendations are now ranked by %s", version)
    return RecommendRound("", version, outcomes)


def _refusals(outcomes: Sequence[PlacementOutcome]) -> str:
    return "; ".join(f"{each.placement}: {each.refused}" for each in outcomes)


def _outcome(
    trainer: MomentTrainer, placement: Placement, in_use: RecommendRanker, settings: RecommendSettings
) -> PlacementOutcome:
    """Compare trees of the earlier days with the ranker in use, on the later days."""
    trees = trainer.trained(placement, trainer.judging_seconds)
    if trees is None:
        needed = f"{settings.least_pages} pages with an order after them are needed"
        return PlacementOutcome(placement, f"too little evidence: {needed}")
    pages = trainer.judging_pages(placement)
    if len(pages) < settings.least_pages:
        return PlacementOutcome(placement, f"only {len(pages)} later pages can judge it", len(pages))
    ours, theirs = trainer.judged(pages, ranker_of([trees])), trainer.judged(pages, in_use)
    found = _compared(placement, ours, theirs)
    return replace(found, refused="; ".join(_reasons(found, settings)))


def _compared(placement: Placement, ours: Judged, theirs: Judged) -> PlacementOutcome:
    _, low, high = paired_gain(ours.recall, theirs.recall)
    return PlacementOutcome(
        placement=placement,
        refused="",
        pages=len(ours.recall),
        recall=float(ours.recall.mean()),
        recall_in_use=float(theirs.recall.mean()),
        gain_low=low,
        gain_high=high,
        coverage=ours.coverage,
        coverage_in_use=theirs.coverage,
    )


def _reasons(outcome: PlacementOutcome, settings: RecommendSettings) -> Iterator[str]:
    if outcome.gain_low <= 0:
        interval = f"{outcome.gain_low:+.4f} to {outcome.gain_high:+.4f}"
        yield f"it is not better beyond chance: recall@{CUT} changes by {interval} (95 %)"
    if outcome.coverage < settings.least_coverage * outcome.coverage_in_use:
        yield f"it shows {outcome.coverage:.0%} of the shop's products, not {outcome.coverage_in_use:.0%}"
