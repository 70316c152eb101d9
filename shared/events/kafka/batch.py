"""The records of one append on their way to Kafka."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from kafka.partitioner.default import murmur2

from shared.errors import AisleError
from shared.events.log import Appended, NewRecord

EVENT_ID = "event_id"  # the record header that carries it
Callback = Callable[[Any], None]

_HEARD_EVERY = 64  # records


class KafkaBatch:
    """Made and waited for in the event loop, sent in the writer's thread, acknowledged in the producer's."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.records: list[NewRecord] = []
        self.outcomes: list[Appended | None] = []  # once it is done; None: not known to be written
        self.error: AisleError | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures: list[Any] = []
        self._open: set[int] = set()  # partitions whose last record is not acknowledged

    @property
    def size_bytes(self) -> int:
        return sum(len(record.value or b"") for record in self.records)

    def send(self, producer: Any, topic: str, partitions: int, heard: Callback, broken: Callback) -> None:
        """Hand the records to the producer, in order; `broken` is called when one of them is not written.

        `topic` is Kafka's name of it. In a partition records are acknowledged in order, so the last one of each speaks
        for all before it; `heard` is called now and then while they are.
        """
        last = {}
        for record in self.records:
            if self.error:
                return
            key = record.key.encode()
            partition = _hash(key) % partitions if partitions > 1 else 0
            headers = [(EVENT_ID, record.event_id.encode())] if record.event_id is not None else None
            future = producer.send(topic, key=key, value=record.value, headers=headers, partition=partition)
            future.add_errback(broken)
            if len(self._futures) % _HEARD_EVERY == 0:
                future.add_callback(heard)
            self._futures.append(future)
            last[partition] = future
        self._open = set(last)
        for future in last.values():
            future.add_callback(self._acknowledged)

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
        self.outcomes = [_outcome(future) for future in self._futures]
        self.outcomes += [None] * (len(self.records) - len(self.outcomes))
        self._futures = []
        self.done.set_result(None)


@lru_cache(16_384)
def _hash(key: bytes) -> int:
    """Kafka's own: its clients in other languages put a visitor's records into the same partition."""
    return int(murmur2(key)) & 0x7FFFFFFF


def _outcome(future: Any) -> Appended | None:
    if not future.succeeded():
        return None
    return Appended(future.value.offset + 1, partition=future.value.partition)
