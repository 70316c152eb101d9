"""Shoppers' events on the wire. They are acknowledged once the log has them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from aisle.v1.events_pb2 import (
    EVENT_STATUS_ACCEPTED,
    EVENT_STATUS_DUPLICATE,
    EVENT_STATUS_REJECTED,
    EventAck,
    RecordEventsRequest,
    RecordEventsResponse,
    StreamEventsRequest,
    StreamEventsResponse,
    UserEvent,
)
from aisle.v1.events_pb2_grpc import EventServiceServicer
from services.gateway.events import event_validation
from services.gateway.signatures import Signatures
from services.gateway.signed_query_id import PageOwner, owner_of
from services.gateway.stream_batches import stream_batches
from shared import clock
from shared.errors import InvalidRequest, shortened
from shared.events.log import USER_EVENTS, Appended, EventLog, NewRecord, RecordsRefused
from shared.time_slice import in_slices

_MAX_BATCH = 1_000
_NOT_COUNTED = "it changes this visitor's own pages, and is counted for nothing else"
_UNKNOWN_QUERY = f"was not given by this shop's Search; {_NOT_COUNTED}"
_OTHER_VISITOR = f"was given for another visitor's page; {_NOT_COUNTED}"


class EventService(EventServiceServicer):
    def __init__(self, log: EventLog, signatures: Signatures) -> None:
        self._log = log
        self._signatures = signatures

    async def StreamEvents(
        self, requests: AsyncIterator[StreamEventsRequest], context: Any = None
    ) -> AsyncIterator[StreamEventsResponse]:
        """See protos/aisle/v1/events.proto. Events that arrived together are appended together."""
        async with aclosing(stream_batches(requests, _MAX_BATCH)) as arriving:
            async for batch in arriving:
                for ack in await self.record([request.event for request in batch]):
                    yield StreamEventsResponse(ack=ack)

    async def RecordEvents(self, request: RecordEventsRequest, context: Any = None) -> RecordEventsResponse:
        """See protos/aisle/v1/events.proto."""
        if not 1 <= len(request.events) <= _MAX_BATCH:
            raise InvalidRequest("events", f"has {len(request.events)}; send 1 to {_MAX_BATCH}")
        return RecordEventsResponse(acks=await self.record(request.events))

    async def record(self, events: Sequence[UserEvent]) -> list[EventAck]:
        """Append the valid events. Returns an acknowledgement for each event, in order.

        Raises the log's errors, except RecordsRefused: refused events are rejected.
        """
        faults = [event_validation.fault(event) async for event in in_slices(events)]
        valid = [event for event, fault in zip(events, faults, strict=True) if fault is None]
        unused = [self._set_apart(event) async for event in in_slices(valid)]
        records = [_record(event) async for event in in_slices(valid)]
        outcomes = zip(await self._outcomes(records), unused, strict=True)
        return [
            _rejected(event, *fault) if fault else _acknowledged(event, *next(outcomes))
            async for event, fault in in_slices(zip(events, faults, strict=True))
        ]

    async def _outcomes(self, records: Sequence[NewRecord]) -> Sequence[Appended | str]:
        """Each record's place in the log, or the reason that the log refuses it."""
        try:
            return await self._log.append(USER_EVENTS, records)
        except RecordsRefused as error:
            return error.outcomes

    def _set_apart(self, event: UserEvent) -> str:
        """Move the query_id to unverified_query_id unless it names a page of this visitor.

        Returns the reason. Empty if the query_id stays, or is absent. A page made for no visitor in
        particular is marked.
        """
        event.ClearField("unverified_query_id")
        event.ClearField("page_of_nobody")
        if not event.query_id:
            return ""
        owner = owner_of(event.query_id, event.visitor_id, self._signatures)
        if owner is PageOwner.VISITOR:
            return ""
        if owner is PageOwner.NO_VISITOR:
            event.page_of_nobody = True
            return ""
        event.unverified_query_id = event.query_id
        event.ClearField("query_id")
        return _OTHER_VISITOR if owner is PageOwner.ANOTHER else _UNKNOWN_QUERY


def _record(event: UserEvent) -> NewRecord:
    if not event.HasField("event_time"):
        # A sixth of the time of Timestamp.GetCurrentTime
        event.event_time.seconds, event.event_time.nanos = divmod(clock.now_ns(), 1_000_000_000)
    return NewRecord(event.visitor_id, event.SerializeToString(), event.event_id)


def _acknowledged(event: UserEvent, outcome: Appended | str, unused: str) -> EventAck:
    """`unused` is the reason that its query_id is not used. Empty if it is used, or absent."""
    if isinstance(outcome, str):
        return _rejected(event, "event", outcome)
    status = EVENT_STATUS_DUPLICATE if outcome.duplicate else EVENT_STATUS_ACCEPTED
    if unused:
        return EventAck(event_id=event.event_id, status=status, field="query_id", reason=unused)
    return EventAck(event_id=event.event_id, status=status)


def _rejected(event: UserEvent, field: str, reason: str) -> EventAck:
    event_id = shortened(event.event_id)
    why = shortened(reason)
    return EventAck(event_id=event_id, status=EVENT_STATUS_REJECTED, field=field, reason=why)
