"""The event log on Kafka."""

import asyncio
from collections.abc import Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from shared.errors import Unavailable
from shared.events.kafka.batch import KafkaBatch
from shared.events.kafka.client import connected
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.consumer import KafkaLogConsumer
from shared.events.kafka.reader import KafkaReader
from shared.events.kafka.readers import KafkaReaders
from shared.events.kafka.recent_ids import Place, RecentIds
from shared.events.kafka.session import KafkaSession
from shared.events.kafka.writer import KafkaWriter
from shared.events.log import SINGLE, Appended, NewRecord, Record, RecordsRefused, check_sizes


class KafkaEventLog:
    """EventLog over Kafka topics, which `aisle topics` makes.

    An acknowledged record is in every in-sync replica.

    Kafka is not contacted before the first use, so that a process can start while Kafka is down. A
    repeated event_id is a duplicate as long as this process remembers it (`recent_event_ids`). A
    later repeat, or one from another process, is appended again; consumers deduplicate by event_id.
    """

    def __init__(self, config: KafkaConfig) -> None:
        self._config = config
        self._writer = KafkaWriter(config)
        self._recent = RecentIds(config.recent_event_ids)
        self._readers: dict[str, KafkaReaders] = {}
        self._consumers: list[KafkaLogConsumer] = []
        # A separate connection: on a reader's connection, an answer waits behind a fetch that waits
        # for records.
        self._ends = KafkaSession(self._new_end_reader, config.address, KafkaConsumer.close)
        self._closed = False

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        """See EventLog."""
        self._check_open()
        check_sizes(topic, records)
        self._writer.check_room(records)
        batch = KafkaBatch(topic)
        places = [self._place(batch, record) for record in records]
        if batch.records:
            self._writer.write(batch)
        for each in {place.batch for place in places}:
            await asyncio.shield(each.ended)  # a cancelled caller must not end the batch for others
        return _all_appended(records, [place.outcome() for place in places])

    def _place(self, batch: KafkaBatch, record: NewRecord) -> Place:
        """The place of the record, if it is known. A new record joins the batch."""
        if record.event_id is not None and (known := self._recent.find(batch.topic, record.event_id)):
            return known
        place = Place(batch, len(batch.records))
        batch.records.append(record)
        if record.event_id is not None:
            self._recent.add(batch.topic, record.event_id, place)
        return place

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        """See EventLog."""
        return await self._at(topic, after_offset).read(after_offset, limit)

    async def end_offset(self, topic: str) -> int:
        """See EventLog."""
        self._check_open()
        place = TopicPartition(self._config.topic_prefix + _single(topic), 0)
        timeout_ms = self._config.away_ms
        return await self._ends.use(
            lambda consumer: int(consumer.end_offsets([place], timeout_ms=timeout_ms)[place])
        )

    async def trimmed_through(self, topic: str) -> int:
        """See EventLog. In a compacted topic, Kafka keeps the newest record of every key."""
        return 0

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        """See EventLog."""
        return await self._at(topic, after_offset).wait(after_offset, timeout_seconds)

    @property
    def waiting_for(self) -> str:
        """See EventLog."""
        faults = [each.waiting_for for each in self._readers.values()] + [
            each.waiting_for for each in self._consumers
        ]
        return next(filter(None, faults), "")

    async def consumer(self, topics: Sequence[str], group: str = "") -> KafkaLogConsumer:
        """See EventLog. Closing the log closes the consumer."""
        self._check_open()
        consumer = KafkaLogConsumer(self._config, topics, group)
        self._consumers.append(consumer)
        return consumer

    async def close(self) -> None:
        """See EventLog."""
        if not self._closed:
            self._closed = True
            parts: list[Any] = [self._writer, self._ends, *self._readers.values(), *self._consumers]
            await asyncio.gather(*(part.close() for part in parts))

    def _at(self, topic: str, after_offset: int) -> KafkaReader:
        self._check_open()
        if topic not in self._readers:
            self._readers[topic] = KafkaReaders(self._config, _single(topic), lambda: self.end_offset(topic))
        return self._readers[topic].at(after_offset)

    def _new_end_reader(self) -> Any:
        return connected(KafkaConsumer, self._config, allow_auto_create_topics=False, metrics_enabled=False)

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("the event log is closed")


def _all_appended(records: Sequence[NewRecord], outcomes: Sequence[Appended | str]) -> list[Appended]:
    for record, outcome in zip(records, outcomes, strict=True):
        if isinstance(outcome, str):
            raise RecordsRefused(record.key, outcome, outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, Appended)]


def _single(topic: str) -> str:
    if topic not in SINGLE:
        raise ValueError(f"{topic} has several partitions, so no single offset; follow it with a consumer")
    return topic
