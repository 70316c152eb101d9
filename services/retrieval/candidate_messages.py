"""Candidates of recommendations as they are asked for and sent, and what a search relaxed."""

from aisle.v1.retrieval_pb2 import ListCandidatesRequest, ListCandidatesResponse
from aisle.v1.search_pb2 import Relaxation as RelaxationMessage
from services.retrieval.filter_messages import filter_of
from services.retrieval.filters import fields_of
from services.retrieval.known_fields import notes
from services.retrieval.recommending import Wanted, recommendable
from services.retrieval.relaxing import NOT_RELAXED, Relaxation
from services.retrieval.snapshots import Snapshot
from shared.caller import Caller
from shared.catalog.fields import RELEVANCE
from shared.errors import InvalidRequest
from shared.telemetry import Stopwatch

_MOST_CANDIDATES = 1_000
_MOST_IDS = 2_000


def listed(snapshot: Snapshot, request: ListCandidatesRequest, caller: Caller) -> ListCandidatesResponse:
    """The answer. Raises InvalidRequest naming the field at fault, and CallerLeft."""
    clock = Stopwatch()
    wanted = _wanted(request)
    with clock.timed("candidates"):
        found = recommendable(snapshot, wanted, caller)
    return ListCandidatesResponse(
        rows=snapshot.rows.to_wire(found.rows).tolist(),
        product_ids=snapshot.products.product_ids(found.rows),
        dense_scores=found.dense_scores.tolist(),
        proposed_count=found.proposed_count,
        near_count=found.near_count,
        snapshot_version=snapshot.version,
        log_position=snapshot.log_position,
        notes=notes(snapshot.columns, [("filters", field) for field in fields_of(wanted.filters)]),
        stage_ms=clock.stage_ms,
    )


def relaxation_message(found: Relaxation) -> RelaxationMessage | None:
    """None if nothing was relaxed."""
    if found == NOT_RELAXED:
        return None
    return RelaxationMessage(
        is_partial=found.is_partial,
        dropped_words=found.dropped_words,
        unfiltered_count=found.unfiltered_count,
        near_category=found.near_category,
    )


def _wanted(message: ListCandidatesRequest) -> Wanted:
    for field in ("product_ids", "near_product_ids", "exclude_product_ids"):
        if (count := len(getattr(message, field))) > _MOST_IDS:
            raise InvalidRequest(field, f"has {count} entries; send at most {_MOST_IDS:,}")
    if not 1 <= message.limit <= _MOST_CANDIDATES or message.near_limit > _MOST_CANDIDATES:
        raise InvalidRequest("limit", f"is {message.limit}; ask for 1 to {_MOST_CANDIDATES:,} candidates")
    if len(message.near_weights) != len(message.near_product_ids):
        raise InvalidRequest("near_weights", "needs one number for each of near_product_ids")
    return Wanted(
        product_ids=message.product_ids,
        limit=message.limit,
        near_product_ids=message.near_product_ids,
        near_weights=message.near_weights,
        near_limit=message.near_limit,
        order_by=message.order_by or RELEVANCE,
        filters=tuple(filter_of(each) for each in message.filters),
        exclude_product_ids=message.exclude_product_ids,
        fill=message.fill,
    )
