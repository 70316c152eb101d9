"""Responses with the order of recommendations, as protocol buffers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aisle.v1.reranker_pb2 import CandidateExplanation, RankProposalsRequest, RerankResponse
from aisle.v1.search_pb2 import Contribution
from services.reranker.explanation import EXPLORATION
from services.reranker.query import Matrix
from services.reranker.recommending.diversity import Order
from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.formula import Scores
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from shared import vectors

# Placements that keep the order of the candidates, and the name of their sort key
IN_ORDER: Mapping[Placement, str] = {
    Placement.NEW_ARRIVALS: "publish_time",
    Placement.RECENTLY_VIEWED: "recent_weight",
}


@dataclass(frozen=True, slots=True)
class RankedProposals:
    """The order of n candidates, and its reasons."""

    ranker: RecommendRanker
    placement: Placement
    matrix: Matrix  # (n, features)
    scores: Scores  # (n,)
    taken: Scores  # (n,): subtracted for what was shown lately
    order: Order

    def final_scores(self) -> Scores:
        """(n,): the scores by which the order falls, in that order."""
        order = self.order
        final: Scores = (self.scores - self.taken)[order.places] - order.prices
        if order.explored:
            final[order.explored.place] += order.explored.added
        return final


def response_of(
    request: RankProposalsRequest,
    ranked: RankedProposals,
    bundle_version: str,
    degraded: Sequence[str],
    stage_ms: Mapping[str, float],
) -> RerankResponse:
    """The response of the ranked candidates."""
    explored = ranked.order.explored
    return RerankResponse(
        order=ranked.order.places.tolist(),
        relevance_scores=ranked.final_scores().tolist(),
        explored_place=explored.place + 1 if explored else 0,
        explored_propensity=explored.propensity if explored else 0.0,
        feature_names=RECOMMEND_FEATURES,
        feature_values=vectors.to_bytes(ranked.matrix[ranked.order.places[: request.feature_limit]]),
        explanations=_explanations(ranked, request.explain_limit),
        bundle_version=bundle_version,
        degraded=degraded,
        stage_ms=stage_ms,
    )


def _explanations(ranked: RankedProposals, count: int) -> Iterator[CandidateExplanation]:
    if ranked.placement in IN_ORDER:
        for score in ranked.scores[:count].tolist():
            yield _explanation([(IN_ORDER[ranked.placement], score, score)])
        return
    order = ranked.order
    rows = ranked.matrix[order.places[:count]]
    added, start = ranked.ranker.contributions(rows, ranked.placement)
    for place, (values, contributions) in enumerate(zip(np.nan_to_num(rows), added, strict=True)):
        parts = [*zip(RECOMMEND_FEATURES, values.tolist(), contributions.tolist(), strict=True)]
        price, left = float(order.prices[place]), float(ranked.taken[order.places[place]])
        parts += [("start", 1.0, start), ("like_earlier", price, -price), ("shown_lately", left, -left)]
        if order.explored and order.explored.place == place:
            parts.append((EXPLORATION, 1.0, order.explored.added))
        yield _explanation(sorted((part for part in parts if part[2]), key=lambda part: -abs(part[2])))


def _explanation(parts: Sequence[tuple[str, float, float]]) -> CandidateExplanation:
    return CandidateExplanation(
        contributions=[Contribution(feature=n, value=v, contribution=c) for n, v, c in parts]
    )
