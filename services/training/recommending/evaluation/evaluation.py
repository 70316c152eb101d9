"""Judges recommendations on the last days, which are not used for training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.recommending.dataset import Moment
from services.training.recommending.evaluation.catalogue import Catalogue
from services.training.recommending.evaluation.exposure import Exposure, ShopFacts
from services.training.recommending.evaluation.peers import peers
from services.training.recommending.evaluation.questions import Question, questions
from services.training.recommending.interactions import Interactions
from services.training.recommending.judging import CUT, Values, judge_rankings
from services.training.recommending.moment_trainer import MomentTrainer, RecommendSettings
from services.training.recommending.recommend_ranker import ranker_of
from shared.bootstrap import interval
from shared.errors import InvalidRequest
from shared.product_memory.memory import DAY_SECONDS

_DRAWS = 1_000
FORMULA, LEARNT, BOUGHT = "Aisle, formula", "Aisle, learnt", "what followed"
_LEARNT = (Placement.FOR_YOU, Placement.ALSO_BOUGHT)


@dataclass(frozen=True)
class Evaluation:
    """A shop split in time: interactions before the split are known, later ones judge."""

    lines: Interactions
    catalogue: Catalogue
    keep_days: float
    settings: RecommendSettings
    diversity: float = 0.0  # as in RerankerConfig

    @cached_property
    def split_seconds(self) -> float:
        """The start of the days that judge, in seconds since 1970, at midnight UTC.

        Raises InvalidRequest if there are no interactions before it.
        """
        if not len(self.lines):
            raise InvalidRequest("interactions", "there are none; send events, or name --purchases")
        last_day = float(self.lines.seconds.max()) // DAY_SECONDS
        split = (last_day + 1 - self.keep_days) * DAY_SECONDS
        if not len(self.lines.before(split)):
            raise InvalidRequest("keep_days", f"leaves no day before the last {self.keep_days:g}; use fewer")
        return split

    @cached_property
    def trainer(self) -> MomentTrainer:
        """Trains on the interactions before the split."""
        return MomentTrainer(self.lines, self.catalogue.vectors, self.split_seconds, self.settings)

    @cached_property
    def moment(self) -> Moment:
        """The shop at the split."""
        return self.trainer.moment(self.split_seconds)

    @cached_property
    def ranker(self) -> RecommendRanker:
        """Trees trained before the split, for placements with enough evidence."""
        if not self.trainer.has_enough_days:
            return RecommendRanker()
        trained = (self.trainer.trained(each, self.split_seconds) for each in _LEARNT)
        return ranker_of([trees for trees in trained if trees])

    @cached_property
    def facts(self) -> ShopFacts:
        """The facts of the shop at the split."""
        return ShopFacts.of(self.lines, self.split_seconds, self.catalogue.brands)

    @cached_property
    def product_count(self) -> int:
        """Products in the catalogue; without one, those with earlier interactions."""
        known = len(np.unique(self.lines.before(self.split_seconds).products))
        return len(self.catalogue.titles) or known

    def report(self) -> dict[str, Any]:
        """The quality of each way to recommend, by question."""
        until = float(self.lines.seconds.max()) + 1.0
        return {
            "split_seconds": self.split_seconds,
            "keep_days": self.keep_days,
            "products": self.product_count,
            "brands": len(set(self.catalogue.brands.values())),
            "questions": {
                question.title: {
                    "pages": len(question.pages),
                    "ways": dict(self._judged(question)),
                }
                for question in questions(self.moment, until)
            },
        }

    def _judged(self, question: Question) -> Iterator[tuple[str, Mapping[str, Any]]]:
        bought = [page.bought for page in question.pages]
        ways = {**peers(self.moment, question)}
        ways[FORMULA] = self.moment.rankings(question.pages, RecommendRanker(), CUT, self.diversity)
        if question.placement in self.ranker.trees:
            ways[LEARNT] = self.moment.rankings(question.pages, self.ranker, CUT, self.diversity)
        for way, rankings in ways.items():
            judged = judge_rankings(rankings, bought, self.product_count)
            measured = {f"recall@{CUT}": _mean(judged.recall), f"ndcg@{CUT}": _mean(judged.ndcg)}
            shown = self._shown(rankings)
            yield way, {**measured, f"coverage@{CUT}": round(judged.coverage, 4), **shown}
        yield BOUGHT, self._shown([sorted(each) for each in bought])

    def _shown(self, lists: Sequence[Sequence[str]]) -> dict[str, Any]:
        found = Exposure.of(lists, self.facts)
        measured = {"novelty": found.novelty, "head": found.head, "new": found.new}
        means = {name: _mean(values) for name, values in measured.items()}
        return {**means, "brands": found.brand_count, "top_brand": round(found.top_brand, 4)}


def _mean(values: Values) -> dict[str, float]:
    """The mean with its 95 % interval by the bootstrap over pages."""
    if not len(values):
        return {"mean": 0.0, "low": 0.0, "high": 0.0}
    low, high = interval(values, _DRAWS)
    return {"mean": round(float(values.mean()), 4), "low": round(low, 4), "high": round(high, 4)}
