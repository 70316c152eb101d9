"""Measures blocks and ranker weights on pseudo-queries that taught no block."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from services.reranker.block import BlockModel, BlockScorer
from services.reranker.config import RerankerConfig
from services.reranker.cost_estimate import CostEstimate
from services.reranker.query import Matrix
from services.reranker.scorer import TimedScorer
from services.reranker.training.prior import linear
from services.reranker.training.quality import Scores, qualities
from services.reranker.training.ranking_group import RankingGroup
from services.training.adapting.grading import GradedQuery
from services.training.judged_shop import JudgedShop

Prior = Mapping[str, float]

# Bounds of the two weights: beyond them the teacher's word outweighs every leg of retrieval
_MAXSIM_WEIGHTS = (0.05, 0.15)
_BLOCK_WEIGHTS = (0.05, 0.1, 0.2, 0.35, 0.5)
_ORIGIN_SHARE = 2.0  # more than the teachers' grades, from which the block has learnt


@dataclass(frozen=True)
class HeldOut:
    """Held-out queries, as the ranker reads them."""

    groups: Sequence[RankingGroup]  # graded by the teachers
    origins: Sequence[int]

    @classmethod
    def read(cls, shop: JudgedShop, queries: Sequence[GradedQuery], grades: Sequence[Matrix]) -> HeldOut:
        """The features of the queries' candidates, by the shop's block."""
        groups = []
        for query, given in zip(queries, grades, strict=True):
            known = np.full(len(query.page.candidates), math.nan, np.float32)
            known[query.places] = given
            features = shop.reranked(query.page).features
            groups.append(RankingGroup(query.page.query.text, features, known))
        return cls(groups, [query.origin for query in queries])

    def by_ranker(self, shop: JudgedShop) -> Measured:
        """The queries in the order of the shop's own ranker."""
        assert shop.reranker is not None
        return self._measured([shop.reranker.ranker.score(group.features) for group in self.groups])

    def by_prior(self, prior: Prior) -> Measured:
        """The queries in the order of a prior."""
        return self._measured(linear(self.groups, prior))

    def _measured(self, scores: Sequence[Scores]) -> Measured:
        places = [
            1 / math.log2(2 + np.count_nonzero(found > found[origin]))
            for found, origin in zip(scores, self.origins, strict=True)
        ]
        return Measured(qualities(self.groups, scores), np.array(places))


@dataclass(frozen=True)
class Measured:
    """Two measures of each query (n,)."""

    ndcg: Scores  # nDCG@10 by the teachers' grades
    origin: Scores  # 1 / log2(1 + rank) of the product that the query was made from

    @property
    def summary(self) -> tuple[float, float]:
        """The means of both."""
        return float(self.ndcg.mean()), float(self.origin.mean())


@dataclass(frozen=True)
class Fitted:
    """A prior, with the means that it reaches, and the gain for which it was chosen.

    The gain is negative infinity if no weights are good enough.
    """

    prior: Prior
    ndcg: float = 0.0
    origin: float = 0.0
    gain: float = -math.inf


def fitted_weights(held_out: HeldOut, prior: Prior, before: Measured) -> Fitted:
    """The prior with the weights of MaxSim and block that suit this catalogue best.

    The teachers say how much there is to gain. The products that the queries were made from, of
    which the teachers know nothing, say how far to follow them. On average these must not fall, and
    their gain counts _ORIGIN_SHARE times.
    """
    ndcg_before, origin_before = before.summary
    best = Fitted(prior)
    for maxsim, block in product(_MAXSIM_WEIGHTS, _BLOCK_WEIGHTS):
        tried = {**prior, "maxsim_z": maxsim, "block_z": block}
        ndcg, origin = held_out.by_prior(tried).summary
        gain = ndcg - ndcg_before + _ORIGIN_SHARE * (origin - origin_before)
        if origin >= origin_before and gain > best.gain:
            best = Fitted(tried, ndcg, origin, gain)
    return best


def with_block(shop: JudgedShop, path: Path) -> JudgedShop:
    """The shop with the block in `path`, and time for all its candidates."""
    assert shop.reranker is not None
    config = RerankerConfig()
    scorer = BlockScorer(BlockModel.open(path, "fp32"), shop.reranker.snapshot.states)
    timed = TimedScorer(scorer, config.block_batch, config.block_limit, CostEstimate(1.0))
    return replace(shop, reranker=replace(shop.reranker, block=timed))
