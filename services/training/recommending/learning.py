"""A round of learning to recommend: teach with earlier days, judge on later ones, promote or
refuse.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.promotion import promote
from services.training.recommending.dataset import Lessons, Moment, Page, cut_moments
from services.training.recommending.interactions import PURCHASE, Interactions
from services.training.recommending.judging import CUT, Judged, judge_rankings, paired_gain
from services.training.recommending.product_memory import MemorySettings
from services.training.recommending.product_vectors import ProductVectors
from services.training.recommending.publishing import publish
from services.training.recommending.recommend_ranker import (
    RankerSettings,
    TrainedTrees,
    opened,
    train_trees,
)
from shared.models.registry import Registry
from shared.product_memory.memory import DAY_SECONDS

_LOG = logging.getLogger(__name__)

_LEARNT = (Placement.FOR_YOU, Placement.ALSO_BOUGHT)


@dataclass(frozen=True, slots=True)
class RecommendSettings:
    """What a round learns from, and what it must show."""

    label_days: float = 30.0  # after a moment, whose orders teach or judge
    span_share: float = 0.2  # of all days that are known, the most that label_days may be
    moments: Mapping[Placement, int] = field(
        default_factory=lambda: {Placement.FOR_YOU: 6, Placement.ALSO_BOUGHT: 2}
    )
    step_days: float = 15.0  # from one moment to the one before
    penalty: float = 0.2  # of popularity
    least_pages: int = 200  # that judge
    least_coverage: float = 0.8  # of what the ranker in use shows of the shop
    threads: int = 1
    memory: MemorySettings = field(default_factory=MemorySettings)


@dataclass(frozen=True, slots=True)
class PlacementOutcome:
    """How the trees of a placement ended."""

    placement: Placement
    refused: str  # empty: they passed
    pages: int = 0  # that judged
    recall: float = 0.0
    recall_in_use: float = 0.0
    gain_low: float = 0.0  # of recall: the 95 % interval by paired bootstrap over pages
    gain_high: float = 0.0
    coverage: float = 0.0
    coverage_in_use: float = 0.0

    def report(self) -> dict[str, Any]:
        """As bundle.json has it."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "placement"}
        return {
            name: round(value, 5) if isinstance(value, float) else value for name, value in values.items()
        }


@dataclass(frozen=True, slots=True)
class RecommendRound:
    """How a round ended."""

    refused: str  # why nothing changed; empty: the new ranker is in use
    bundle_version: str = ""
    outcomes: Sequence[PlacementOutcome] = ()

    def report(self) -> dict[str, Any]:
        """For people and logs."""
        placements = {str(each.placement): each.report() for each in self.outcomes}
        return {"bundle_version": self.bundle_version, "refused": self.refused, "placements": placements}


def learn_to_recommend(
    data: Path,
    lines: Interactions,
    vectors: ProductVectors | None,
    now_seconds: float,
    settings: RecommendSettings | None = None,
) -> RecommendRound:
    """Train rankers on the interactions, and use those that are better beyond chance.

    The last days judge rankers that were taught by the days before. What passes is then fitted
    again, with the last days too: shoppers change.
    """
    chosen = settings or RecommendSettings()
    base = Registry.of(data).chosen()
    if base is None:
        return RecommendRound("no bundle is in use, so there is nothing to put a ranker into")
    school = _School(lines, vectors, now_seconds, chosen)
    if not school.is_open:
        return RecommendRound("too little evidence: there are no orders of enough days")
    in_use = RecommendRanker.open(base.folder)
    outcomes = [school.judged(each, school.taught(each), in_use) for each in _LEARNT]
    passed = [each.placement for each in outcomes if not each.refused]
    refitted = [trees for each in passed if (trees := school.taught(each, now_seconds))]
    if not refitted:
        reasons = "; ".join(f"{each.placement}: {each.refused}" for each in outcomes)
        return RecommendRound(reasons, outcomes=outcomes)
    version = publish(data, base, refitted, {str(each.placement): each.report() for each in outcomes})
    promote(Registry.of(data), version)
    _LOG.info("recommendations are ranked by %s from now on", version)
    return RecommendRound("", version, outcomes)


class _School:
    """Moments of a shop that teach, and a later one that judges."""

    def __init__(
        self,
        lines: Interactions,
        vectors: ProductVectors | None,
        now_seconds: float,
        settings: RecommendSettings,
    ) -> None:
        self._lines = lines
        self._vectors = vectors
        self._now = now_seconds
        self._settings = settings
        ordered = lines.of_kind(PURCHASE).seconds
        span_days = (now_seconds - float(ordered.min())) / DAY_SECONDS if len(ordered) else 0.0
        self._label_days = min(settings.label_days, settings.span_share * span_days)
        known = {*lines.product_ids, *(vectors.product_ids if vectors else ())}
        self._product_count = len(known)
        self._known: dict[float, Moment] = {}

    @property
    def is_open(self) -> bool:
        """Whether some days can teach and others judge."""
        return self._label_days >= 1.0

    def taught(self, placement: Placement, until_seconds: float | None = None) -> TrainedTrees | None:
        """The trees of a placement by what happened before; None: too little evidence.

        Without `until_seconds` they know nothing of the days that judge.
        """
        count = self._settings.moments[placement]
        until = until_seconds or self._now - self._label_days * DAY_SECONDS
        step_days = min(self._settings.step_days, self._label_days / 2)
        moments = cut_moments(until, count, step_days, self._label_days)
        lessons = [each for moment in moments for each in self._lessons(moment, placement)]
        if len(lessons) < self._settings.least_pages:
            return None
        ranker = RankerSettings(penalty=self._settings.penalty, threads=self._settings.threads)
        return train_trees(placement, lessons, ranker)

    def judged(
        self, placement: Placement, trees: TrainedTrees | None, in_use: RecommendRanker
    ) -> PlacementOutcome:
        """How the trees order the later days beside what is in use."""
        if trees is None:
            needed = f"{self._settings.least_pages} pages with an order after them are needed"
            return PlacementOutcome(placement, f"too little evidence: {needed}")
        moment = self._moment(self._now - self._label_days * DAY_SECONDS)
        pages = list(self._pages(moment, placement))
        if len(pages) < self._settings.least_pages:
            return PlacementOutcome(placement, f"only {len(pages)} later pages can judge it", len(pages))
        ours = self._ranked(moment, pages, opened([trees]))
        theirs = self._ranked(moment, pages, in_use)
        return self._outcome(placement, ours, theirs)

    def _outcome(self, placement: Placement, ours: Judged, theirs: Judged) -> PlacementOutcome:
        _, low, high = paired_gain(ours.recall, theirs.recall)
        found = PlacementOutcome(
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
        return replace(found, refused="; ".join(_reasons(found, self._settings)))

    def _ranked(self, moment: Moment, pages: Sequence[Page], ranker: RecommendRanker) -> Judged:
        rankings = moment.rankings(pages, ranker, CUT)
        return judge_rankings(rankings, [page.bought for page in pages], self._product_count)

    def _lessons(self, seconds: float, placement: Placement) -> list[Lessons]:
        moment = self._moment(seconds)
        return moment.lessons(self._pages(moment, placement))

    def _pages(self, moment: Moment, placement: Placement) -> Iterator[Page]:
        until = moment.now_seconds + self._label_days * DAY_SECONDS
        if placement is Placement.FOR_YOU:
            return moment.personal_pages(until)
        return (page for page in moment.seed_pages(until) if page.bought)

    def _moment(self, seconds: float) -> Moment:
        if seconds not in self._known:
            self._known[seconds] = Moment.of(self._lines, seconds, self._vectors, self._settings.memory)
        return self._known[seconds]


def _reasons(outcome: PlacementOutcome, settings: RecommendSettings) -> Iterator[str]:
    if outcome.gain_low <= 0:
        interval = f"{outcome.gain_low:+.4f} to {outcome.gain_high:+.4f}"
        yield f"it is not better beyond chance: recall@{CUT} changes by {interval} (95 %)"
    if outcome.coverage < settings.least_coverage * outcome.coverage_in_use:
        yield f"it shows {outcome.coverage:.0%} of the shop's products, not {outcome.coverage_in_use:.0%}"
