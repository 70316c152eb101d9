"""Trains the ranker of recommendations on moments of a shop and the products bought after each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.recommending.dataset import Lessons, Moment, Page, cut_moments
from services.training.recommending.interactions import PURCHASE, Interactions
from services.training.recommending.judging import CUT, Judged, judge_rankings
from services.training.recommending.product_memory import MemorySettings
from services.training.recommending.product_vectors import ProductVectors
from services.training.recommending.recommend_ranker import RankerSettings, TrainedTrees, train_trees
from shared.product_memory.memory import DAY_SECONDS


@dataclass(frozen=True, slots=True)
class RecommendSettings:
    """The evidence of a round, and the gate."""

    label_days: float = 30.0  # days after a moment whose orders train or judge
    span_share: float = 0.2  # upper limit of label_days, as a share of all known days
    moments: Mapping[Placement, int] = field(
        default_factory=lambda: {Placement.FOR_YOU: 6, Placement.ALSO_BOUGHT: 3}
    )
    step_days: float = 15.0  # between two moments
    penalties: Mapping[Placement, float] = field(  # of popularity
        default_factory=lambda: {Placement.FOR_YOU: 0.1, Placement.ALSO_BOUGHT: 0.05}
    )
    least_pages: int = 200  # judging pages
    least_coverage: float = 0.8  # relative to the coverage of the ranker in use
    threads: int = 1
    memory: MemorySettings = field(default_factory=MemorySettings)


class MomentTrainer:
    """Trains on moments of a shop, and judges at a later moment."""

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
    def has_enough_days(self) -> bool:
        """Whether the orders span enough days to train on some and judge on others."""
        return self._label_days >= 1.0

    @property
    def judging_seconds(self) -> float:
        """The start of the judging days, since 1970."""
        return self._now - self._label_days * DAY_SECONDS

    def trained(self, placement: Placement, until_seconds: float) -> TrainedTrees | None:
        """Trees of a placement from interactions until then; None: too little evidence."""
        count = self._settings.moments[placement]
        step_days = min(self._settings.step_days, self._label_days / 2)
        moments = cut_moments(until_seconds, count, step_days, self._label_days)
        lessons = [each for moment in moments for each in self._lessons(moment, placement)]
        if len(lessons) < self._settings.least_pages:
            return None
        ranker = RankerSettings(penalty=self._settings.penalties[placement], threads=self._settings.threads)
        return train_trees(placement, lessons, ranker)

    def judging_pages(self, placement: Placement) -> list[Page]:
        """The pages of the judging days."""
        return list(self._pages(self.moment(self.judging_seconds), placement))

    def judged(self, pages: Sequence[Page], ranker: RecommendRanker) -> Judged:
        """The quality of a ranker on the judging pages."""
        rankings = self.moment(self.judging_seconds).rankings(pages, ranker, CUT)
        return judge_rankings(rankings, [page.bought for page in pages], self._product_count)

    def moment(self, seconds: float) -> Moment:
        """The shop as of a moment; made once and kept."""
        if seconds not in self._known:
            self._known[seconds] = Moment.of(self._lines, seconds, self._vectors, self._settings.memory)
        return self._known[seconds]

    def _lessons(self, seconds: float, placement: Placement) -> list[Lessons]:
        moment = self.moment(seconds)
        return moment.lessons(self._pages(moment, placement))

    def _pages(self, moment: Moment, placement: Placement) -> Iterator[Page]:
        until = moment.now_seconds + self._label_days * DAY_SECONDS
        if placement is Placement.FOR_YOU:
            return moment.personal_pages(until)
        return (page for page in moment.seed_pages(until) if page.bought)
