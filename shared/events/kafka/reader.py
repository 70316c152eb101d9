"""Reads a compacted topic."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from shared.errors import Unavailable
from shared.events.kafka import fetched
from shared.events.kafka.client import connected
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.session import KafkaSession
from shared.events.kafka.watchdog import Watchdog
from shared.events.log import Record

_SLICE_SECONDS = 0.5  # other calls use the consumer's thread between two slices
_READ_SECONDS = 10.0
_LOOK_SECONDS = 5.0  # time without a record before the lag is checked
_FETCHED_AT_ONCE = 1_000
_FETCHED_BYTES = 8 << 20  # a starting replica reads every product's vectors


class KafkaReader:
    """Reads the single partition of a compacted topic.

    A read that continues at the previous position costs no extra request.
    """

    def __init__(
        self,
        config: KafkaConfig,
        topic: str,
        end_offset: Callable[[], Awaitable[int]],
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._config = config
        self._topic = topic
        self._end_offset = end_offset
        self._place = TopicPartition(config.topic_prefix + topic, 0)
        self._session = KafkaSession(self._new_consumer, config.address, KafkaConsumer.close)
        self._watchdog = Watchdog(f"the reader of {topic}", look_seconds)
        self.after = -1  # offset before the next record; -1: no position yet
        self._fetched: deque[Record] = deque()  # fetched and not yet returned

    @property
    def waiting_for(self) -> str:
        """The fault that keeps the reader waiting. Empty if it works."""
        return self._watchdog.waiting_for

    async def read(self, after_offset: int, limit: int) -> list[Record]:
        """See EventLog."""
        records, reached = await self._take(after_offset, limit, 0)
        if len(records) == limit:
            return records
        end = await self._end_offset()  # buffered records may be outdated after the caller slept
        until = asyncio.get_running_loop().time() + _READ_SECONDS
        while reached < end and len(records) < limit:
            last = records[-1].offset if records else after_offset
            more, reached = await self._take(last, limit - len(records), _SLICE_SECONDS)
            records += more
            if reached < end and asyncio.get_running_loop().time() > until:
                await self._session.renew()
                raise Unavailable(f"Kafka at {self._config.address} does not send {self._topic}; retry later")
        return records

    async def wait(self, after_offset: int, timeout_seconds: float) -> bool:
        """See EventLog. While Kafka is down, it waits for the whole time."""
        clock = asyncio.get_running_loop().time
        until = clock() + timeout_seconds
        while (left := until - clock()) > 0:
            try:
                if await self._come(after_offset, min(left, _SLICE_SECONDS)):
                    self._watchdog.moved()
                    return True
                if self._watchdog.is_due(min(left, _SLICE_SECONDS)):
                    await self._look(after_offset)
            except Unavailable as error:
                self._watchdog.unreachable(error)
                await asyncio.sleep(min(left, _SLICE_SECONDS))
        return False

    async def _look(self, after_offset: int) -> None:
        """Reconnect if records wait for this reader and do not arrive."""
        end = await self._end_offset()
        reached = await self._session.use(lambda consumer: consumer.position(self._place, timeout_ms=0) or 0)
        if self._watchdog.is_stuck(max(0, end - max(reached, after_offset))):
            await self._session.renew()

    async def close(self) -> None:
        await self._session.close()

    async def _come(self, after_offset: int, seconds: float) -> bool:
        return await self._session.use(lambda consumer: self._fetch(consumer, after_offset, seconds))

    async def _take(self, after_offset: int, limit: int, seconds: float) -> tuple[list[Record], int]:
        return await self._session.use(
            lambda consumer: self._handed_out(consumer, after_offset, limit, seconds)
        )

    def _handed_out(
        self, consumer: Any, after_offset: int, limit: int, seconds: float
    ) -> tuple[list[Record], int]:
        """The next buffered records, and the offset up to which there are no others. Compaction
        leaves gaps.

        Both are read in one step, because another caller may move the consumer in between.
        """
        self._fetch(consumer, after_offset, seconds)
        records = list(islice(self._fetched, limit))
        for record in records:
            self._fetched.popleft()
            self.after = record.offset
        reached = self.after if self._fetched else consumer.position(self._place, timeout_ms=0) or 0
        return records, reached

    def _fetch(self, consumer: Any, after_offset: int, seconds: float) -> bool:
        """Buffer the records after an offset. Returns False if none has arrived in time."""
        if after_offset != self.after:
            consumer.seek(self._place, after_offset)
            self._fetched.clear()
            self.after = after_offset
        if not self._fetched:
            polled = consumer.poll(int(seconds * 1000), max_records=_FETCHED_AT_ONCE).get(self._place, ())
            found = (fetched.record(self._topic, each) for each in polled)
            self._fetched.extend(record for record in found if record.offset > after_offset)
        return bool(self._fetched)

    def _new_consumer(self) -> Any:
        consumer = connected(
            KafkaConsumer,
            self._config,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=_FETCHED_BYTES,
            metrics_enabled=False,
        )
        consumer.assign([self._place])
        self.after = -1
        return consumer
