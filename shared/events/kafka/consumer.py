"""Follow topics on Kafka."""

import asyncio
import heapq
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import CommitFailedError, RebalanceInProgressError

from shared.errors import Unavailable
from shared.events.kafka import fetched
from shared.events.kafka.client import connected
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.session import KafkaSession
from shared.events.log import Record, ends

_LOGGER = logging.getLogger(__name__)
_SLICE_SECONDS = 0.5
_SESSION_MS = 10_000  # a consumer that was killed is given up, and its partitions go to others
_COMMIT_MS = 5_000


class KafkaLogConsumer:
    """Consumer over a Kafka consumer group; without a group, over all partitions from their start.

    Topics with equally many partitions are shared out alike, so that one consumer has the same visitors in both.
    """

    def __init__(self, config: KafkaConfig, topics: Sequence[str], group: str) -> None:
        self._config = config
        self._names = {config.topic_prefix + topic: topic for topic in topics}
        self._group = config.topic_prefix + group if group else None
        self._session = KafkaSession(self._new_consumer, config.address, _close)
        self._positions: dict[TopicPartition, int] = {}  # without a group: where to go on
        self._committed: dict[tuple[str, int], int] = {}

    async def poll(self, timeout_seconds: float, limit: int = 1_000) -> list[Record]:
        """See Consumer. Records of one answer are merged by their time."""
        until = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            left = max(0.0, until - asyncio.get_running_loop().time())
            records = await self._slice(min(left, _SLICE_SECONDS), limit)
            if records or not left:
                return records

    async def _slice(self, seconds: float, limit: int) -> list[Record]:
        return await self._session.use(lambda consumer: self._poll(consumer, seconds, limit))

    def _poll(self, consumer: Any, seconds: float, limit: int) -> list[Record]:
        polled = consumer.poll(int(seconds * 1000), max_records=limit)
        if self._group is None:
            self._positions.update((place, records[-1].offset + 1) for place, records in polled.items())
        runs = ([fetched.record(self._names[place.topic], each) for each in run] for place, run in polled.items())
        return list(heapq.merge(*runs, key=lambda record: record.time_seconds))

    async def commit(self, records: Iterable[Record]) -> None:
        """See Consumer. When the partitions have gone to another consumer, their records come again there."""
        new = {place: offset for place, offset in ends(records).items() if offset > self._committed.get(place, 0)}
        if self._group is not None and new:
            await self._session.use(lambda consumer: self._commit(consumer, new))
            self._committed |= new

    def _commit(self, consumer: Any, offsets: dict[tuple[str, int], int]) -> None:
        prefix = self._config.topic_prefix
        places = {
            TopicPartition(prefix + topic, at): OffsetAndMetadata(offset, "", -1)
            for (topic, at), offset in offsets.items()
        }
        try:
            consumer.commit(places, timeout_ms=_COMMIT_MS)
        except (CommitFailedError, RebalanceInProgressError) as error:
            _LOGGER.info("%s shares out its partitions anew; what was read comes again (%s)", self._group, error)

    async def close(self) -> None:
        """See Consumer."""
        await self._session.close()

    def _new_consumer(self) -> Any:
        consumer = connected(
            KafkaConsumer,
            self._config,
            group_id=self._group,
            session_timeout_ms=_SESSION_MS,
            partition_assignment_strategy=(RangePartitionAssignor,),
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        if self._group is None:
            self._assign_all(consumer)
        else:
            consumer.subscribe(list(self._names))
        return consumer

    def _assign_all(self, consumer: Any) -> None:
        places = [TopicPartition(name, each) for name in self._names for each in consumer.partitions_for_topic(name)]
        if missing := set(self._names) - {place.topic for place in places}:
            _close(consumer)
            raise Unavailable(f"{', '.join(sorted(missing))}: there is no such topic; make it with 'aisle topics'")
        consumer.assign(places)
        for place in places:
            consumer.seek(place, self._positions.get(place, 0))  # 0, if gone: the earliest that is left


def _close(consumer: Any) -> None:
    consumer.close(autocommit=False, timeout_ms=2_000)
