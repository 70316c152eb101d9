"""Follows topics on Kafka."""

import asyncio
import heapq
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import CommitFailedError, RebalanceInProgressError

from shared.errors import Unavailable
from shared.events.kafka import fetched
from shared.events.kafka.client import connected
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.lag import places_of, waiting_count
from shared.events.kafka.session import KafkaSession
from shared.events.kafka.watchdog import Watchdog
from shared.events.log import Record, ends

_LOG = logging.getLogger(__name__)
_SLICE_SECONDS = 0.5
# Time without a record before the lag is checked; joining a group takes about as long
_LOOK_SECONDS = 10.0
_SESSION_MS = 10_000  # the partitions of a killed consumer go to others after this time
_POLL_MS = 60_000  # a consumer that does not poll for longer loses its partitions
_COMMIT_MS = 5_000


class KafkaLogConsumer:
    """Consumer over a Kafka consumer group. Without a group, it reads all partitions from their
    start.

    Topics with equally many partitions are assigned alike, so that one consumer has the same
    visitors in both.
    """

    def __init__(
        self,
        config: KafkaConfig,
        topics: Sequence[str],
        group: str,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        """After `look_seconds` without a record, check whether records wait.

        If they still wait at the next check, the consumer rejoins.
        """
        self._config = config
        self._names = {config.topic_prefix + topic: topic for topic in topics}
        self._group = config.topic_prefix + group if group else None
        self._session = KafkaSession(self._new_consumer, config.address, _close)
        self._looks = KafkaSession(self._new_observer, config.address, _close)
        self._watchdog = Watchdog(f"the consumer of {', '.join(topics)}", look_seconds)
        # Offset of the next record, as Kafka counts
        self._positions: dict[TopicPartition, int] = {}
        self._committed: dict[tuple[str, int], int] = {}

    @property
    def waiting_for(self) -> str:
        """The fault that keeps the consumer waiting. Empty if it works."""
        return self._watchdog.waiting_for

    async def poll(self, timeout_seconds: float, limit: int = 1_000) -> list[Record]:
        """See Consumer. The records of one answer are merged by time."""
        clock = asyncio.get_running_loop().time
        until = clock() + timeout_seconds
        while True:
            began = clock()
            records = await self._slice(max(0.0, min(until - began, _SLICE_SECONDS)), limit)
            if records:
                self._watchdog.moved()
                return records
            if self._watchdog.is_due(clock() - began):
                await self._look()
            if clock() >= until:
                return records

    async def _slice(self, seconds: float, limit: int) -> list[Record]:
        return await self._session.use(lambda consumer: self._poll(consumer, seconds, limit))

    def _poll(self, consumer: Any, seconds: float, limit: int) -> list[Record]:
        polled = consumer.poll(int(seconds * 1000), max_records=limit)
        self._positions.update((place, records[-1].offset + 1) for place, records in polled.items())
        runs = (
            [fetched.record(self._names[place.topic], each) for each in run] for place, run in polled.items()
        )
        return list(heapq.merge(*runs, key=lambda record: record.time_seconds))

    async def _look(self) -> None:
        """Rejoin the group if records wait for this consumer and do not arrive.

        A consumer without partitions checks all partitions of its group.
        """
        mine = await self._session.use(lambda consumer: consumer.assignment())
        try:
            waiting = await self._looks.use(lambda client: self._waiting_count(client, mine))
        except Unavailable:  # Kafka is down, so the lag is unknown
            return
        if self._watchdog.is_stuck(waiting):
            await self._session.renew()

    def _waiting_count(self, client: Any, mine: Collection[TopicPartition]) -> int:
        places = mine or places_of(client, self._names)
        return waiting_count(client, places, self._positions, self._group is not None, self._config.away_ms)

    async def commit(self, records: Iterable[Record]) -> None:
        """See Consumer.

        If the partitions have moved to another consumer, it gets their records again.
        """
        new = {
            place: offset for place, offset in ends(records).items() if offset > self._committed.get(place, 0)
        }
        if self._group is None or not new:
            return
        if await self._session.use(lambda consumer: self._commit(consumer, new)):
            self._committed |= new

    def _commit(self, consumer: Any, offsets: dict[tuple[str, int], int]) -> bool:
        """Whether the offsets were committed."""
        prefix = self._config.topic_prefix
        places = {
            TopicPartition(prefix + topic, at): OffsetAndMetadata(offset, "", -1)
            for (topic, at), offset in offsets.items()
        }
        try:
            consumer.commit(places, timeout_ms=_COMMIT_MS)
        except (CommitFailedError, RebalanceInProgressError) as error:
            _LOG.info(
                "%s rebalances its partitions; uncommitted records will be read again (%s)",
                self._group,
                error,
            )
            return False
        return True

    async def close(self) -> None:
        """See Consumer."""
        self._watchdog.moved()
        await self._session.close()
        await self._looks.close()

    def _new_consumer(self) -> Any:
        consumer = connected(
            KafkaConsumer,
            self._config,
            group_id=self._group,
            session_timeout_ms=_SESSION_MS,
            max_poll_interval_ms=_POLL_MS,
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

    def _new_observer(self) -> Any:
        """A client that queries the group and never joins it."""
        return connected(
            KafkaConsumer,
            self._config,
            group_id=self._group,
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def _assign_all(self, consumer: Any) -> None:
        places = places_of(consumer, self._names)
        if missing := set(self._names) - {place.topic for place in places}:
            _close(consumer)
            raise Unavailable(
                f"{', '.join(sorted(missing))}: there is no such topic; make it with 'aisle topics'"
            )
        consumer.assign(places)
        for place in places:
            # removed records: 0 means the earliest offset that is left
            consumer.seek(place, self._positions.get(place, 0))


def _close(consumer: Any) -> None:
    consumer.close(autocommit=False, timeout_ms=2_000)
