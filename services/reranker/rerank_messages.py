"""Responses with the order of candidates, as protocol buffers."""

from __future__ import annotations

from aisle.v1.reranker_pb2 import CandidateExplanation, RerankRequest, RerankResponse
from aisle.v1.search_pb2 import Contribution
from services.reranker.explanation import AFFINITY, explain
from services.reranker.features import FEATURES
from services.reranker.reranker import Browsing, Reranker, Reranking
from shared import vectors


def response_of(request: RerankRequest, reranker: Reranker, reranking: Reranking) -> RerankResponse:
    """The order of a query's candidates."""
    shown = reranking.order[: request.feature_limit]
    explored = reranking.explored
    return RerankResponse(
        explored_place=1 + reranking.order.tolist().index(explored.candidate) if explored else 0,
        explored_propensity=explored.propensity if explored else 0.0,
        order=reranking.order.tolist(),
        relevance_scores=reranking.relevance_scores[reranking.order].tolist(),
        block_scored_count=reranking.block_scored_count,
        cross_encoded_count=reranking.cross_encoded.scored_count if reranking.cross_encoded else 0,
        feature_names=FEATURES,
        feature_values=vectors.to_bytes(reranking.features[shown]),
        explanations=_explanations(request, reranker, reranking),
        bundle_version=reranker.bundle_version,
        degraded=reranking.degraded,
        stage_ms=reranking.stage_ms,
    )


def browsing_response(request: RerankRequest, reranker: Reranker, browsing: Browsing) -> RerankResponse:
    """The order of a page without a query."""
    explained = browsing.order[: request.explain_limit]
    return RerankResponse(
        order=browsing.order.tolist(),
        relevance_scores=browsing.scores[browsing.order].tolist(),
        explanations=[
            CandidateExplanation(
                contributions=[
                    Contribution(
                        feature=AFFINITY,
                        value=float(browsing.affinity[place]),
                        contribution=float(browsing.affinity_added[place]),
                    )
                ]
            )
            for place in explained
        ],
        bundle_version=reranker.bundle_version,
    )


def _explanations(
    request: RerankRequest, reranker: Reranker, reranking: Reranking
) -> list[CandidateExplanation]:
    explained = reranking.order[: request.explain_limit]
    return [
        CandidateExplanation(
            contributions=[Contribution(feature=n, value=v, contribution=c) for n, v, c in parts]
        )
        for parts in explain(reranker.ranker, reranking, explained)
    ]
