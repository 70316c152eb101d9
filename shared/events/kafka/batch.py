"""The records of one append on their way to Kafka."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from shared.errors import AisleError
from shared.events.kafka.client import REFUSALS, TOO_LARGE
from shared.events.log import Appended, NewRecord

EVENT_ID = "event_id"  # the record header that carries it
Callback = Callable[[Any], None]

_HEARD_EVERY = 64  # records


@dataclass(frozen=True, slots=True)
class Channel:
    """A producer, and a topic by Kafka's name of it.

    `heard` is called now and then while records are acknowledged, `broken` when one of them is not
    written.
    """

    producer: Any
    topic: str
    partitions: int
    heard: Callback
    broken: Callback


class KafkaBatch:
    """Made and waited for in the event loop, sent in the writer's thread, acknowledged in the
    producer's.

    Where Kafka refuses a record, the others may have been refused with it. Then the batch is sent
    again by another producer: what was refused alone, so that a record that is refused again is
    known to be at fault. Of records that are too large it is known at once: kafka-python splits
    what is too large until a record is alone.
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.records: list[NewRecord] = []
        self.outcomes: list[Appended | None] = []  # once it is done; None: not known to be written
        # Kafka's error of records that it does not take, by their place
        self.refusals: dict[int, Exception] = {}
        self.error: AisleError | None = None
        self.attempt = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures: dict[int, Any] = {}  # of when each record was sent last
        self._suspects: set[int] = set()  # records to be sent alone
        self._open: set[int] = set()  # partitions whose last record is not acknowledged

    @property
    def size_bytes(self) -> int:
        return sum(len(record.value or b"") for record in self.records)

    def send(self, channel: Channel, limit_seconds: float) -> None:
        """Hand what is not written to the producer, in order.

        A suspect goes alone: what is before it is waited for, and so is the suspect, each for at
        most `limit_seconds`.
        """
        runs = self._runs()
        if not runs:
            self._finish()
        for run in runs:
            is_alone = run[0] in self._suspects
            if is_alone:
                channel.producer.flush(limit_seconds)
            if not self._send_run(run, channel, is_last=run is runs[-1]):
                return
            if is_alone and not self._is_written(run[0], limit_seconds):
                return  # it is refused, and the rest is sent by another producer

    def _runs(self) -> list[list[int]]:
        """The places of what is not written, in order: suspects alone, the others together."""
        runs: list[list[int]] = []
        for at in range(len(self.records)):
            if at in self.refusals or (at in self._futures and self._futures[at].succeeded()):
                continue
            if not runs or at in self._suspects or runs[-1][-1] in self._suspects:
                runs.append([])
            runs[-1].append(at)
        return runs

    def _send_run(self, run: Sequence[int], channel: Channel, is_last: bool) -> bool:
        """Whether all of it is on its way."""
        last = {}
        for at in run:
            if self.error:
                return False
            record = self.records[at]
            key = record.key.encode()
            partition = _hash(key) % channel.partitions if channel.partitions > 1 else 0
            headers = [(EVENT_ID, record.event_id.encode())] if record.event_id is not None else None
            failed = partial(self._failed, at, channel)
            try:
                future = channel.producer.send(
                    channel.topic, key=key, value=record.value, headers=headers, partition=partition
                )
            except REFUSALS as error:
                failed(error)
                return False
            self._futures[at] = future
            future.add_errback(failed)
            if at % _HEARD_EVERY == 0:
                future.add_callback(channel.heard)
            last[partition] = future
        # In a partition records are acknowledged in order: the last one of each speaks for all
        # before it
        if is_last:
            self._open = set(last)
            for future in last.values():
                future.add_callback(self._acknowledged)
        return True

    def _is_written(self, at: int, limit_seconds: float) -> bool:
        try:
            self._futures[at].get(limit_seconds)
        except KafkaError:
            return False
        return True

    def _failed(self, at: int, channel: Channel, error: Exception) -> None:
        if isinstance(error, REFUSALS):
            if at in self._suspects or isinstance(error, TOO_LARGE):
                self.refusals[at] = error
            self._suspects.add(at)
        channel.broken(error)

    def _acknowledged(self, written: Any) -> None:
        self._open.discard(written.partition)
        if not self._open:
            self._finish()

    def fail(self, error: AisleError) -> None:
        """End it with an error, unless it has ended; from any thread."""
        if self.error is None:
            self.error = error
            self._finish()

    def _finish(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop ended before: nobody is left to be told
            self.done.get_loop().call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.done.done():
            return
        self.outcomes = [_outcome(self._futures.get(at)) for at in range(len(self.records))]
        self._futures = {}
        self.done.set_result(None)


@lru_cache(16_384)
def _hash(key: bytes) -> int:
    """Kafka's own: its clients in other languages put a visitor's records into the same partition."""
    return int(murmur2(key)) & 0x7FFFFFFF


def _outcome(future: Any) -> Appended | None:
    if future is None or not future.succeeded():
        return None
    return Appended(future.value.offset + 1, partition=future.value.partition)
