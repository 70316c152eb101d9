"""Follows topics of a log in a SQLite file."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from itertools import islice
from typing import Protocol

from shared.errors import Unavailable
from shared.events.log import Record, ends


class FollowedLog(Protocol):
    """The parts of a log that a consumer uses."""

    def growth(self) -> asyncio.Event: ...

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]: ...

    async def position(self, group: str, topic: str) -> int: ...

    async def commit(self, group: str, offsets: Mapping[str, int]) -> None: ...


class SqliteConsumer:
    """Consumer over SqliteEventLog.

    Within a group, a topic is read by the consumer that asked for it first.
    """

    def __init__(
        self,
        log: FollowedLog,
        topics: Sequence[str],
        group: str,
        owners: MutableMapping[tuple[str, str], SqliteConsumer],
    ) -> None:
        """`owners` maps groups and topics to their reader, and is shared by the consumers of a log."""
        self._log = log
        self._topics = topics
        self._group = group
        self._owners = owners
        self._positions: dict[str, int] = {}  # offset of the last record returned
        self._closed = False

    async def poll(self, timeout_seconds: float, limit: int = 1_000) -> list[Record]:
        """See Consumer."""
        if self._closed:
            raise Unavailable("the consumer is closed")
        until = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            growth = self._log.growth()  # before reading, so that no record is missed in between
            if records := await self._next(limit):
                return records
            try:
                async with asyncio.timeout_at(until):
                    await growth.wait()
            except TimeoutError:
                return []

    async def _next(self, limit: int) -> list[Record]:
        owned = [topic for topic in self._topics if self._owns(topic)]
        runs = [await self._log.read(topic, await self._position(topic), limit) for topic in owned]
        records = list(islice(heapq.merge(*runs, key=lambda record: record.time_seconds), limit))
        self._positions.update((record.topic, record.offset) for record in records)
        return records

    def _owns(self, topic: str) -> bool:
        return not self._group or self._owners.setdefault((self._group, topic), self) is self

    async def _position(self, topic: str) -> int:
        if topic not in self._positions:
            self._positions[topic] = await self._log.position(self._group, topic) if self._group else 0
        return self._positions[topic]

    async def commit(self, records: Iterable[Record]) -> None:
        """See Consumer."""
        if self._group:
            await self._log.commit(
                self._group, {topic: offset for (topic, _), offset in ends(records).items()}
            )

    async def close(self) -> None:
        """See Consumer."""
        self._closed = True
        for topic in self._topics:
            if self._owners.get((self._group, topic)) is self:
                del self._owners[self._group, topic]
