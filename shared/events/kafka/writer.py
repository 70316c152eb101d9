"""Appends to Kafka."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from kafka.errors import KafkaError, KafkaTimeoutError

from shared.errors import AisleError, Overloaded, Unavailable
from shared.events.kafka.batch import Channel, KafkaBatch
from shared.events.kafka.call_thread import CallThread
from shared.events.kafka.client import REFUSALS, REQUEST_MS, meaning
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.producer import close, close_stopped, new_producer, stop_sending
from shared.events.log import NewRecord

_LOG = logging.getLogger(__name__)
_RECONNECT_SECONDS = 0.5
_MISSING_SECONDS = 2.0  # time before a missing topic is looked up again
# Limit of a call whose answer is awaited; a later answer is used the next time.
_ASKED_AGAIN_MS = 100
# Far longer than a call needs; kafka-python waits for its own thread without a limit
_STUCK_SECONDS = 20.0
_LONGEST = 10  # times away_ms: a batch fails after this time, even if others are acknowledged


class KafkaWriter:
    """Sends batches in order through a producer, in a thread of its own.

    The producer itself never drops a record. If Kafka is silent for `away_ms` or cannot write, the
    writer drops the whole producer and fails all waiting batches. The next batch makes a new
    producer. So no record is written after a failed one of its partition, and appending the failed
    records again keeps the order.

    If Kafka refuses a record as invalid, the writer replaces the producer too. The new one sends
    all waiting records except that one, in order.
    """

    def __init__(self, config: KafkaConfig) -> None:
        self._config = config
        self._away_seconds = config.away_ms / 1000
        self._thread = CallThread("kafka-writer")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._producer: Any = None  # made and closed in the thread
        self._broken: Any = None  # the producer that was dropped last
        self._connect_at = 0.0
        self._topics: set[str] = set()  # topics written to so far, by their names in Kafka
        self._missing: dict[str, float] = {}  # missing topics, and when to look them up again
        self._waiting: dict[KafkaBatch, float] = {}  # oldest first, with the time of sending
        self._watching: asyncio.Task[None] | None = None
        self._waiting_records = self._waiting_bytes = 0
        self._acknowledged_at = 0.0

    def check_room(self, records: Sequence[NewRecord]) -> None:
        """Raises Overloaded if too many records wait already."""
        count, size_bytes = len(records), sum(len(record.value or b"") for record in records)
        if self._waiting and (
            self._waiting_records + count > self._config.max_waiting_records
            or self._waiting_bytes + size_bytes > self._config.max_waiting_bytes
        ):
            raise Overloaded(f"{self._waiting_records} records wait for Kafka; retry later")

    def write(self, batch: KafkaBatch) -> None:
        """Send a batch after all before it."""
        self._loop = asyncio.get_running_loop()
        self._waiting[batch] = time.monotonic()
        self._waiting_records += len(batch.records)
        self._waiting_bytes += batch.size_bytes
        batch.ended.add_done_callback(lambda _: self._batch_ended(batch))
        self._submit(batch)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    def _submit(self, batch: KafkaBatch) -> None:
        self._thread.submit(partial(self._send, batch, batch.attempt))

    def _batch_ended(self, batch: KafkaBatch) -> None:
        del self._waiting[batch]
        self._waiting_records -= len(batch.records)
        self._waiting_bytes -= batch.size_bytes
        batch.records = []

    async def close(self) -> None:
        """Wait for the batches that were sent, as long as Kafka answers, then close the producer."""
        if self._waiting:
            await asyncio.wait([batch.ended for batch in self._waiting])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STUCK_SECONDS):
                await asyncio.wrap_future(self._thread.submit(self._close))
        self._thread.stop()

    async def _watch(self) -> None:
        """Drop the producer if Kafka has been silent for too long, or a batch has waited far too
        long.
        """
        while self._waiting:
            await asyncio.sleep(self._away_seconds / 8)
            now, oldest_at = time.monotonic(), next(iter(self._waiting.values()), None)
            if oldest_at is None:
                return
            silent_seconds = now - max(self._acknowledged_at, oldest_at)
            if silent_seconds >= self._away_seconds or now - oldest_at >= self._away_seconds * _LONGEST:
                reason = (
                    f"Kafka at {self._config.address} has not acknowledged "
                    f"a record for {now - oldest_at:.1f} s"
                )
                self._give_up_all(Unavailable(f"{reason}; retry later"))

    def _give_up_all(self, error: Unavailable) -> None:
        """Fail all waiting batches. A hanging thread is left behind."""
        producer = self._producer
        if producer is not None and producer is not self._broken:
            self._stop(producer, error, "fail")
        self._fail_waiting(producer, error)
        if self._thread.busy_seconds > _STUCK_SECONDS:
            _LOG.error(
                "the producer for Kafka at %s hangs in a call; a new one is made", self._config.address
            )
            self._thread.abandon(error)
            self._thread, self._producer = CallThread("kafka-writer"), None

    def _send(self, batch: KafkaBatch, attempt: int) -> None:
        if batch.error or attempt != batch.attempt:
            return
        producer = None
        try:
            producer = self._connected()
            topic = self._config.topic_prefix + batch.topic
            count = self._partition_count(producer, topic)
            # The producer has stopped meanwhile; the batch is sent again, or has failed
            if producer is self._broken:
                return
            if not count:
                missing = f"Kafka at {self._config.address} has no topic {topic}; make it with 'aisle topics'"
                batch.fail(Unavailable(missing))
                return
            channel = Channel(producer, topic, count, self._acknowledged, partial(self._fail, producer))
            batch.send(channel, self._away_seconds)
        # Every error must end the batch, or its caller would wait forever
        except Exception as error:
            self._give_up(producer, error)

    def _partition_count(self, producer: Any, topic: str) -> int:
        """The number of partitions. 0 if the topic is missing."""
        if time.monotonic() < self._missing.get(topic, 0.0):
            return 0
        block_ms = producer.config["max_block_ms"]
        try:
            producer.config["max_block_ms"] = (
                min(block_ms, _ASKED_AGAIN_MS) if topic in self._missing else block_ms
            )
            count = len(producer.partitions_for(topic))
        except KafkaTimeoutError:
            if producer is not self._broken:
                self._missing[topic] = time.monotonic() + _MISSING_SECONDS
            return 0
        finally:
            producer.config["max_block_ms"] = block_ms
        self._missing.pop(topic, None)
        self._topics.add(topic)
        return count

    def _acknowledged(self, _: Any) -> None:
        self._acknowledged_at = time.monotonic()

    def _connected(self) -> Any:
        if self._producer is None:
            if time.monotonic() < self._connect_at:
                raise Unavailable(f"Kafka at {self._config.address} did not answer a moment ago; retry later")
            try:
                self._producer = new_producer(self._config)
            except Exception:
                self._connect_at = time.monotonic() + _RECONNECT_SECONDS
                raise
            # A stopped producer would wait in vain for an answer from Kafka
            for topic in list(self._topics):
                self._partition_count(self._producer, topic)
        return self._producer

    def _fail(self, producer: Any, error: Exception) -> None:
        """Handle a record that was not written. Runs in the producer's thread."""
        if producer is self._broken:
            return
        # KafkaError itself: a record that was sent beside a refused one
        if isinstance(error, REFUSALS) or type(error) is KafkaError:
            self._acknowledged(error)
            self._stop(producer, error, "are sent again")
            self._call_soon(self._send_again, producer)
        else:
            self._give_up(producer, error)

    def _stop(self, producer: Any, error: Exception, outcome: str) -> None:
        """Stop a producer from sending more.

        `outcome` describes what happens to the waiting records.
        """
        self._broken = producer
        _LOG.warning("%s; the records that wait for it %s", error, outcome)
        stop_sending(producer)

    def _send_again(self, producer: Any) -> None:
        self._thread.submit(partial(self._drop, producer))
        for batch in self._waiting:
            batch.attempt += 1
            self._submit(batch)

    def _give_up(self, producer: Any, error: Exception) -> None:
        """Stop a producer at once and fail all waiting batches. Safe to call from any thread."""
        if producer is not None:
            if producer is self._broken:
                return
            self._stop(producer, error, "fail")
        self._call_soon(self._fail_waiting, producer, meaning(error, self._config.address))

    def _call_soon(self, call: Callable[..., None], *arguments: Any) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(call, *arguments)

    def _fail_waiting(self, producer: Any, error: AisleError) -> None:
        for batch in self._waiting:
            batch.fail(error)
        if producer is not None:
            self._thread.submit(partial(self._drop, producer))

    def _drop(self, producer: Any) -> None:
        if self._producer is producer:
            self._producer = None
        close_stopped(producer, REQUEST_MS / 1000)

    def _close(self) -> None:
        if self._producer is not None:
            close(self._producer, self._away_seconds)
            self._producer = None
