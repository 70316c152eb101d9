"""What the reranker is asked for a page."""

from aisle.v1.reranker_pb2 import RerankRequest
from aisle.v1.retrieval_pb2 import RetrieveResponse
from aisle.v1.search_pb2 import TIER_CROSS_ENCODED, TIER_RERANKED, TIER_UNSPECIFIED, SearchRequest
from services.gateway.search.understanding import UnderstoodQuery

# Results of a window that get contributions, and feature values for the impression
_EXPLAINED = 100


def is_wanted(request: SearchRequest) -> bool:
    """Whether the page is to be reranked."""
    return request.order_by in ("", "relevance") and request.max_tier in (
        TIER_UNSPECIFIED,
        TIER_RERANKED,
        TIER_CROSS_ENCODED,
    )


def wanted(
    request: SearchRequest,
    understood: UnderstoodQuery,
    retrieved: RetrieveResponse,
    budget_ms: float,
) -> RerankRequest:
    """The request for the order of the candidates, in `budget_ms`."""
    return RerankRequest(
        query=understood.query,
        encoding=understood.encoding,
        snapshot_version=retrieved.snapshot_version,
        rows=retrieved.rows,
        lexical_scores=retrieved.lexical_scores,
        dense_scores=retrieved.dense_scores,
        fused_scores=retrieved.fused_scores,
        lexical_ranks=retrieved.lexical_ranks,
        dense_ranks=retrieved.dense_ranks,
        budget_ms=max(0.001, budget_ms),  # 0 would mean no limit
        visitor_id=request.visitor_id,
        session_id=request.session_id,
        explain_limit=_EXPLAINED if request.explain else 0,
        feature_limit=_EXPLAINED,
        precedence=retrieved.precedence,
        cross_encode=request.max_tier == TIER_CROSS_ENCODED,
        read_ahead=request.max_tier == TIER_UNSPECIFIED,
        explore=not request.unlogged,
    )
