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

_NOTED_EVERY = 64  # records


@dataclass(frozen=True, slots=True)
class Channel:
    """A producer, and a topic by its name in Kafka.

    `acknowledged` is called for 1 in 64 records that are written, `failed` for each that is not.
    """

    producer: Any
    topic: str
    partitions: int
    acknowledged: Callback
    failed: Callback


class KafkaBatch:
    """A batch of records.

    The event loop makes it and waits for it. The writer's thread sends it, and the producer's
    thread acknowledges it.

    When Kafka refuses a record, it may refuse others of the same request too. So another producer
    sends the refused records again, each alone. A record that is refused again is at fault. Records
    that are too large are known at once, because kafka-python splits a request until such a record
    is alone.
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.records: list[NewRecord] = []
        # Set once the batch has ended; None: perhaps not written
        self.outcomes: list[Appended | None] = []
        # Kafka's error for each record that it refuses, by index
        self.refusals: dict[int, Exception] = {}
        self.error: AisleError | None = None
        self.attempt = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures: dict[int, Any] = {}  # Kafka's future of each record's latest send
        self._suspects: set[int] = set()  # records to be sent alone
        self._open: set[int] = set()  # partitions whose last record is not acknowledged

    @property
    def size_bytes(self) -> int:
        return sum(len(record.value or b"") for record in self.records)

    def send(self, channel: Channel, limit_seconds: float) -> None:
        """Pass the unwritten records to the producer, in order.

        A suspect is sent alone: records before it are awaited first, then the suspect, each for at
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
                return  # refused; another producer sends the rest

    def _runs(self) -> list[list[int]]:
        """The indexes of unwritten records, in order. Suspects are alone, the others together."""
        runs: list[list[int]] = []
        for at in range(len(self.records)):
            if at in self.refusals or (at in self._futures and self._futures[at].succeeded()):
                continue
            if not runs or at in self._suspects or runs[-1][-1] in self._suspects:
                runs.append([])
            runs[-1].append(at)
        return runs

    def _send_run(self, run: Sequence[int], channel: Channel, is_last: bool) -> bool:
        """Send a run of records. Returns whether all of them were sent."""
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
            if at % _NOTED_EVERY == 0:
                future.add_callback(channel.acknowledged)
            last[partition] = future
        # Records of a partition are acknowledged in order, so waiting for the last one of each is
        # enough
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
        channel.failed(error)

    def _acknowledged(self, written: Any) -> None:
        self._open.discard(written.partition)
        if not self._open:
            self._finish()

    def fail(self, error: AisleError) -> None:
        """End the batch with an error, unless it has ended. Safe to call from any thread."""
        if self.error is None:
            self.error = error
            self._finish()

    def _finish(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed, so no caller is waiting
            self.ended.get_loop().call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.ended.done():
            return
        self.outcomes = [_outcome(self._futures.get(at)) for at in range(len(self.records))]
        self._futures = {}
        self.ended.set_result(None)


@lru_cache(16_384)
def _hash(key: bytes) -> int:
    """The hash of Kafka's own clients.

    So clients in other languages put a visitor's records into the same partition.
    """
    return int(murmur2(key)) & 0x7FFFFFFF


def _outcome(future: Any) -> Appended | None:
    if future is None or not future.succeeded():
        return None
    return Appended(future.value.offset + 1, partition=future.value.partition)
