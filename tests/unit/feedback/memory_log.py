"""A log in memory that implements the port: partitions, groups, and redelivery after a crash."""

import time
from collections.abc import Iterable, Sequence

from shared.events.log import Appended, Consumer, NewRecord, Record

Place = tuple[str, int]  # topic, partition


class MemoryEventLog:
    """EventLog as far as a consumer needs it. The letters of a key determine its partition."""

    def __init__(self, partitions: int = 2) -> None:
        self._partitions = partitions
        self.waiting_for = ""
        self.records: dict[Place, list[Record]] = {}
        self.committed: dict[str, dict[Place, int]] = {}

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        return [self._append(topic, record) for record in records]

    def _append(self, topic: str, new: NewRecord) -> Appended:
        place = topic, sum(new.key.encode()) % self._partitions
        held = self.records.setdefault(place, [])
        held.append(Record(len(held) + 1, new.key, new.value, time.time(), new.event_id, *place))
        return Appended(len(held), partition=place[1])

    async def consumer(self, topics: Sequence[str], group: str = "") -> Consumer:
        return MemoryConsumer(self, topics, self.committed.setdefault(group, {}) if group else {})

    def all(self, topic: str) -> list[Record]:
        return [
            record for (name, _), held in sorted(self.records.items()) if name == topic for record in held
        ]

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        raise NotImplementedError

    async def trimmed_through(self, topic: str) -> int:
        return 0

    async def end_offset(self, topic: str) -> int:
        raise NotImplementedError

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        raise NotImplementedError

    async def close(self) -> None:
        """Do nothing."""


class MemoryConsumer:
    def __init__(
        self,
        log: MemoryEventLog,
        topics: Sequence[str],
        committed: dict[Place, int],
    ) -> None:
        self._log = log
        self._topics = topics
        self._committed = committed
        self._read = dict(committed)

    async def poll(self, timeout_seconds: float, limit: int = 1_000) -> list[Record]:
        found: list[Record] = []
        for place in sorted(place for place in self._log.records if place[0] in self._topics):
            start = self._read.get(place, 0)
            records = self._log.records[place][start : start + limit - len(found)]
            self._read[place] = start + len(records)
            found += records
        return found

    async def commit(self, records: Iterable[Record]) -> None:
        for record in records:
            self._committed[record.topic, record.partition] = record.offset

    async def close(self) -> None:
        """Do nothing."""
