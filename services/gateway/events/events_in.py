"""Follows aisle.events-in, and reads user events from the JSON that shops' systems write to it."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from aisle.v1.events_pb2 import EVENT_STATUS_REJECTED, EventAck, EventStatus, UserEvent
from services.gateway.events.formats.event_format import EventFormat, Rejected, Skipped
from services.gateway.events.formats.reading import read
from shared.errors import AisleError
from shared.events import dead_letters
from shared.events.log import Consumer, EventLog, Record
from shared.time_slice import in_slices

Result = TypeVar("Result")
Append = Callable[[Sequence[UserEvent]], Awaitable[Sequence[EventAck]]]

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_RECORDS = 200  # of one poll; each may hold several events
_EVENTS = 1_000  # of one append
_PAUSE_SECONDS = 1.0


@dataclass
class _Read:
    """The content of a record: its events, its faults, and its skipped payloads by reason."""

    record: Record
    events: list[UserEvent] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


class EventsIn:
    """One consumer of the topic's group. Records are committed once their events are in the log.

    Records may be redelivered after a crash. Their events keep their ids, so they count once.
    Unreadable payloads go to aisle.dead-letters with the reason.
    """

    def __init__(
        self,
        log: EventLog,
        consumer: Consumer,
        append: Append,
        format: EventFormat | None = None,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:
        """`append` writes events to the log. Without a format, each payload's is detected.

        Every failed call is retried after a pause.
        """
        self._log = log
        self._consumer = consumer
        self._append = append
        self._format = format
        self._pause_seconds = pause_seconds
        self._counts: Counter[str] = Counter()

    def counts(self) -> Mapping[str, int]:
        """Events since the start, as events_in.accepted, .duplicate, .rejected and .skipped.REASON."""
        return {f"events_in.{name}": count for name, count in self._counts.items()}

    async def run(self) -> None:
        """Follow until cancelled. Waits while Kafka or the log is down."""
        try:
            while True:
                await self.step(_POLL_SECONDS)
        except Exception:  # a defect, which must be visible; pages are still served
            _LOG.exception("aisle.events-in is no longer followed; start the gateway again")
            raise

    async def step(self, timeout_seconds: float) -> int:
        """Take in the next records. Returns their number, or 0 if none arrives in time."""
        records = await self._retried(lambda: self._consumer.poll(timeout_seconds, _RECORDS))
        if records:
            self._counts += await self._retried(lambda: self._take_in(records))
            await self._commit(records)
        return len(records)

    async def close(self) -> None:
        """Leave the group."""
        await self._consumer.close()

    async def _take_in(self, records: Sequence[Record]) -> Counter[str]:
        """Append the events of records, and return the counts. It can be retried safely."""
        found = [_read(record, self._format) async for record in in_slices(records)]
        sent = [(each, event) for each in found for event in each.events]
        counts: Counter[str] = Counter()
        for start in range(0, len(sent), _EVENTS):
            part = sent[start : start + _EVENTS]
            acks = await self._append([event for _, event in part])
            for (each, _), ack in zip(part, acks, strict=True):
                if ack.status == EVENT_STATUS_REJECTED:
                    each.faults.append(f"{ack.field}: {ack.reason}")
                else:
                    counts[EventStatus.Name(ack.status).removeprefix("EVENT_STATUS_").lower()] += 1
        for each in found:
            counts["rejected"] += len(each.faults)
            counts.update({f"skipped.{reason}": count for reason, count in each.skipped.items()})
            await self._put_aside(each)
        return counts

    async def _put_aside(self, found: _Read) -> None:
        if found.faults:
            more = f" (and {len(found.faults) - 1} more)" if len(found.faults) > 1 else ""
            reason = found.faults[0] + more
            await dead_letters.put(self._log, partial(dead_letters.unusable, found.record, reason))

    async def _retried(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """Retry a call until it succeeds, and return its result."""
        while True:
            try:
                return await call()
            except AisleError as error:
                _LOG.warning("aisle.events-in waits: %s", error)
                await asyncio.sleep(self._pause_seconds)

    async def _commit(self, records: Sequence[Record]) -> None:
        try:
            await self._consumer.commit(records)
        except AisleError as error:  # the next commit covers these; redelivered events count once
            _LOG.warning("%d records were taken in but not committed: %s", len(records), error)


def _read(record: Record, format: EventFormat | None) -> _Read:
    """The content of a record. An event without a time gets the record's, at every delivery."""
    found = _Read(record)
    try:
        value = _value(record)
    except ValueError as error:
        found.faults.append(f"value: {error}")
        return found
    place = f"{record.topic}:{record.partition}:{record.offset}"
    for outcome in read(value, format, place):
        if isinstance(outcome, Skipped):
            found.skipped[outcome.reason] += 1
        elif isinstance(outcome, Rejected):
            found.faults.append(f"{outcome.field}: {outcome.reason}")
        else:
            if not outcome.HasField("event_time"):
                outcome.event_time.FromMilliseconds(round(record.time_seconds * 1000))
            found.events.append(outcome)
    return found


def _value(record: Record) -> Any:
    """The JSON in a record. Raises ValueError for anything else."""
    record.check()
    try:
        return json.loads((record.value or b"").decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start}); send UTF-8") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply; send a flat object") from error
    except ValueError as error:
        raise ValueError(f"is not JSON ({error}); send one JSON value a record") from error
