"""Parses records of the log, and serves the worker's progress."""

from collections.abc import Sequence
from math import nan
from typing import Any, Protocol

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from aisle.v1.events_pb2 import EventProduct, Impression, UserEvent
from aisle.v1.feedback_pb2 import GetProgressRequest, GetProgressResponse
from aisle.v1.feedback_pb2_grpc import FeedbackServiceServicer
from aisle.v1.status_pb2 import ReplicaStatus
from services.feedback.join import observed
from services.feedback.join.packing import ShownProducts, pack
from services.feedback.progress import Progress
from shared.events.log import SEARCH_LOGS, Record
from shared.features.evidence import PAGE_OF_NOBODY, UNVERIFIED, WITHOUT_PAGE
from shared.features.observation import Interaction, Observation, Shown
from shared.query_ids import hash_in, normalised, time_in

# An event time further ahead would make everything else look old
_MAX_FUTURE_SECONDS = 24 * 3600.0
_MAX_ID_BYTES = 128


class FeedbackService(FeedbackServiceServicer):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    async def GetProgress(self, request: GetProgressRequest, context: Any = None) -> GetProgressResponse:
        """See protos/aisle/v1/feedback.proto."""
        progress = self._progress
        return GetProgressResponse(
            generation=progress.generation,
            applied_count=progress.applied_count,
            duplicate_count=progress.duplicate_count,
            dead_letter_count=progress.dead_letter_count,
            behind_seconds=progress.behind_seconds(),
            waiting_for=progress.trouble,
            left_out=progress.left_out,
        )


def replica_status(progress: Progress) -> ReplicaStatus:
    """The state of this worker for the gateway's status; GetProgress has more."""
    return ReplicaStatus(
        behind_seconds=progress.behind_seconds(),
        waiting_for=progress.trouble,
        left_out=progress.left_out,
    )


def observation(record: Record) -> Observation:
    """Parse a record of user events or search logs. Raises ValueError if it cannot be read."""
    record.check()
    content = _shown(record) if record.topic == SEARCH_LOGS else _interaction(record)
    return Observation(
        content=content,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        logged_seconds=record.time_seconds,
        event_id=record.event_id or f"{record.partition}:{record.offset}",
    )


def joinable(record: Record) -> observed.Page | observed.Interaction | str:
    """The page or interaction of a record for the join, or the reason why it is not joined.

    Raises ValueError if the record cannot be read.
    """
    record.check()
    return _page(record) if record.topic == SEARCH_LOGS else _joined_interaction(record)


def _page(record: Record) -> observed.Page | str:
    impression = Impression()
    _parse(impression, record)
    if not impression.products:
        return "empty_page"
    _ids(impression.products)
    shown = ShownProducts()
    # Only the first products of a long page have features
    unknown = [nan] * max(len(product.feature_values) for product in impression.products)
    for product in impression.products:
        propensity = product.propensity if product.HasField("propensity") else None
        values = product.feature_values or unknown
        shown.add(product.product_id, product.position, product.relevance_score, propensity, values)
    return observed.Page(
        query_id=impression.query_id.partition(".")[0],
        first=shown.positions[0],
        query_hash=hash_in(impression.query_id),
        typed=normalised(impression.query),
        visitor_id=impression.visitor_id,
        user_id=impression.user_id,
        session_id=impression.session_id,
        experiment_ids=tuple(impression.experiment_ids),
        at_us=_microseconds(impression.event_time, record),
        snapshot_version=impression.snapshot_version,
        bundle_version=impression.bundle_version,
        arm=impression.arm,
        placement=impression.placement,
        feature_names=tuple(impression.feature_names),
        body=pack(shown),
    )


def _joined_interaction(record: Record) -> observed.Interaction | str:
    event = UserEvent()
    _parse(event, record)
    if not event.visitor_id:
        return "no_visitor"
    query_id = event.query_id.partition(".")[0]
    return observed.Interaction(
        query_id=query_id,
        visitor_id=event.visitor_id,
        event_id=event.event_id or record.event_id or f"{record.partition}:{record.offset}",
        action=event.action,
        at_us=_microseconds(event.event_time, record),
        lines=tuple(_line(product) for product in event.products),
        user_id=event.user_id,
        session_id=event.session_id,
        without_page="" if query_id else _without_page(event),
    )


def _without_page(event: UserEvent) -> str:
    return "unverified_query" if event.unverified_query_id else "no_query"


def _line(product: EventProduct) -> observed.Line:
    price = product.price if product.HasField("price") else None
    return observed.Line(product.product_id, product.quantity or 1, price)


def _microseconds(event_time: Timestamp, record: Record) -> int:
    """As `_time`, in whole microseconds without rounding."""
    latest_us = int((record.time_seconds + _MAX_FUTURE_SECONDS) * 1e6)
    event_us = event_time.seconds * 1_000_000 + event_time.nanos // 1_000
    return min(event_us, latest_us) if event_us > 0 else int(record.time_seconds * 1e6)


def _interaction(record: Record) -> Interaction:
    event = UserEvent()
    _parse(event, record)
    if not event.visitor_id or not event.products:
        raise ValueError("visitor_id or products is missing")
    return Interaction(
        action=event.action,
        visitor_id=event.visitor_id,
        product_ids=_ids(event.products),
        # A shopper cannot act on a page before it is made
        time_seconds=max(_time(event.event_time, record), time_in(event.query_id)),
        session_id=event.session_id,
        query_hash=hash_in(event.query_id),
        left_out=_left_out(event),
    )


def _left_out(event: UserEvent) -> str:
    if event.query_id:
        return PAGE_OF_NOBODY if event.page_of_nobody else ""
    return UNVERIFIED if event.unverified_query_id else WITHOUT_PAGE


def _shown(record: Record) -> Shown:
    impression = Impression()
    _parse(impression, record)
    time_seconds = _time(impression.event_time, record)
    return Shown(
        product_ids=_ids(impression.products),
        time_seconds=time_seconds,
        query_hash=hash_in(impression.query_id),
        visitor_id=impression.visitor_id,
        left_out="" if impression.visitor_id else PAGE_OF_NOBODY,
    )


def _parse(message: UserEvent | Impression, record: Record) -> None:
    try:
        message.ParseFromString(record.value or b"")
    except DecodeError as error:
        raise ValueError(str(error)) from error


class _Named(Protocol):
    product_id: str


def _ids(products: Sequence[_Named]) -> tuple[str, ...]:
    """The product ids.

    Raises ValueError if one cannot be part of a key; the gateway rejects those.
    """
    ids = tuple(product.product_id for product in products)
    if not all(0 < len(each.encode()) <= _MAX_ID_BYTES and "\0" not in each for each in ids):
        raise ValueError(f"a product_id is empty, has a NUL, or is longer than {_MAX_ID_BYTES} bytes")
    return ids


def _time(event_time: Timestamp, record: Record) -> float:
    """Seconds since 1970, not far after the log time; the log time if not set."""
    seconds = event_time.seconds + event_time.nanos / 1e9
    return min(seconds, record.time_seconds + _MAX_FUTURE_SECONDS) if seconds > 0 else record.time_seconds
