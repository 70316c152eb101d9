"""Checks requests for recommendations. Each error names the field and the remedy."""

from __future__ import annotations

from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.search_pb2 import SearchRequest
from services.gateway import validation
from services.gateway.recommend.placements import PLACEMENTS
from shared.errors import InvalidRequest

MAX_SEEDS = 100
MAX_EXCLUDED = 1_000
_IDS = (("product_ids", MAX_SEEDS), ("exclude_product_ids", MAX_EXCLUDED))


def check(request: RecommendRequest) -> None:
    """Raise InvalidRequest naming the first field at fault."""
    placement = PLACEMENTS.get(request.placement)
    if placement is None:
        known = ", ".join(PLACEMENTS)
        fault = f"{request.placement!r} is unknown" if request.placement else "is required"
        raise InvalidRequest("placement", f"{fault}; use one of: {known}")
    if placement.needs_seeds and not request.product_ids:
        raise InvalidRequest("product_ids", f"{request.placement} needs at least one product to go by")
    if placement.needs_visitor and not request.visitor_id:
        raise InvalidRequest("visitor_id", f"is required for {request.placement}")
    for name, most in _IDS:
        _check_ids(request, name, most)
    validation.check(as_search(request))


def as_search(request: RecommendRequest) -> SearchRequest:
    """A search without a query, with the fields that both requests have."""
    return SearchRequest(
        visitor_id=request.visitor_id,
        user_id=request.user_id,
        session_id=request.session_id,
        page_size=request.page_size,
        filters=request.filters,
        where=request.where,
        deadline_ms=request.deadline_ms,
        explain=request.explain,
        experiment_ids=request.experiment_ids,
        unlogged=request.unlogged,
    )


def _check_ids(request: RecommendRequest, name: str, most: int) -> None:
    product_ids = getattr(request, name)
    if len(product_ids) > most:
        raise InvalidRequest(name, f"{len(product_ids)} are too many; send at most {most}")
    for place, product_id in enumerate(product_ids):
        if fault := validation.id_fault(product_id):
            raise InvalidRequest(f"{name}[{place}]", fault)
