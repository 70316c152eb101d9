"""The tables of one process: what shoppers did with their pages, joined beside the pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from services.feedback.join.config import JoinConfig
from services.feedback.join.worker import JoinWorker
from services.feedback.service import joinable
from shared.config import load
from shared.events.log import CO_PARTITIONED
from shared.events.sqlite import SqliteEventLog
from shared.events.sqlite_consumer import SqliteConsumer
from shared.time_slice import SLICE_SECONDS

if TYPE_CHECKING:
    import asyncio

    from services.feedback.join.join import Join
    from shared.events.log import Record

TABLES = "tables"  # in the data folder
_RESTS = 4  # slices of rest to one of work


class LocalJoin:
    """The worker of a data folder's tables; without one where the join is off."""

    def __init__(self, data: Path, log: SqliteEventLog, config: JoinConfig | None = None) -> None:
        config = config or load(JoinConfig)
        self.is_on = config.enabled
        self._joined = Joined(log)
        self._worker = JoinWorker(log, data / TABLES, joinable, config, self._joined.consumer)
        # The tables may be late; pages and events need the interpreter
        self._worker.time_slice.rest_seconds = _RESTS * SLICE_SECONDS
        self._worker.quiet_seconds = 0.0  # the end of a file is known at once

    @property
    def saved(self) -> Mapping[str, int]:
        """See Saved."""
        return self._joined.saved

    @property
    def trouble(self) -> str:
        """Why tables are not written, in words; empty when all is well."""
        return self._worker.trouble

    def counts(self) -> Mapping[str, int]:
        """What was joined, and what was not."""
        return self._worker.counts

    async def run(self) -> None:
        """Join until cancelled."""
        if self.is_on:
            await self._worker.run()

    async def catch_up(self) -> int:
        """Take in what is in the log now, and export. Returns how many records there were."""
        count = 0
        while records := await self._worker.step(0.0):
            count += len(records)
        await self._worker.export()
        return count

    async def close(self) -> None:
        """Close the tables."""
        await self._worker.close()


class Joined:
    """A log in a file, as the consumer of the tables sees it: positions are those in the tables' folder.

    The log's own keeper of positions is that of the features.
    """

    def __init__(self, log: SqliteEventLog) -> None:
        self._log = log
        self.saved: dict[str, int] = {}  # a topic is one partition

    async def consumer(self, join: Join) -> SqliteConsumer:
        """Follow the log from where the tables end in it."""
        ends = {(topic, 0): await self._log.end_offset(topic) for topic in CO_PARTITIONED}
        join.keep_to_log(self._log.log_id, ends)
        self.saved = {topic: offset for (topic, _), offset in join.positions().items()}
        return SqliteConsumer(self, CO_PARTITIONED, join.group, {})

    def growth(self) -> asyncio.Event:
        """See FollowedLog."""
        return self._log.growth()

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        """See FollowedLog."""
        return await self._log.read(topic, after_offset, limit)

    async def position(self, group: str, topic: str) -> int:
        """See FollowedLog."""
        return self.saved.get(topic, 0)

    async def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        """See FollowedLog."""
        self.saved.update(offsets)
