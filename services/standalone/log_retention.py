"""Keeps the log of one process within its age and size."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from services.standalone.counted import Saved
from shared.artifacts import versions
from shared.errors import AisleError
from shared.events.config import DAY_SECONDS, LogConfig
from shared.events.log import CATALOG, CO_PARTITIONED, DEAD_LETTERS, VECTORS
from shared.events.sqlite import SqliteEventLog
from shared.events.sqlite_file import SqliteFile
from shared.log_once import LogOnce
from shared.snapshot.generation import Positions, read_manifest

_LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 60.0
_RECORDS_AT_ONCE = 200
_PAGES_AT_ONCE = 500
_NO_END = (1 << 63) - 1
_TOO_LARGE = "%s takes %s bytes, more than AISLE_LOG_MAX_BYTES allows, and has no event left that may go"


class LogRetention:
    """Removes records that are no longer needed, a few at a time, between appends.

    Events and impressions are removed when they are too old or the file is too large, but never
    before their counts are saved. In aisle.vectors, records are removed once every snapshot
    contains them. In aisle.catalog, the newest record of each key stays, because it is the only
    complete copy of the writes, whatever happens to the snapshots. Old removals are deleted.
    """

    def __init__(
        self, log: SqliteEventLog, path: Path, snapshots: Path, counted: Saved, config: LogConfig
    ) -> None:
        """`path` is the log's, for messages. `snapshots` is the folder of all snapshots."""
        self._log = log
        self._path = path
        self._snapshots = snapshots
        self._counted = counted
        self._config = config
        self._told_too_large = False
        self._tombstones_next_seconds = 0.0
        self._failures = LogOnce(_LOG, "the log is not trimmed: %s")

    async def run(self) -> None:
        """Check every minute, until cancelled."""
        while True:
            try:
                await self.look()
                self._failures.recovered()
            except Exception as error:  # keep going after any error
                self._failures.log(error)
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Remove all records that may go now."""
        before = self._config.oldest_seconds(self._log.now())
        for topic in CO_PARTITIONED:
            await self._trim(topic, self._counted.saved.get(topic, 0), before)
        await self._trim(DEAD_LETTERS, _NO_END, before)
        contained = self._contained()
        await self._trim(VECTORS, contained.vectors, math.inf)
        await self._drop_tombstones(contained.catalog, before)
        await self._trim_to_size()
        while await self._some(lambda file: file.shrink(_PAGES_AT_ONCE)):
            pass

    async def _trim(self, topic: str, through: int, before: float) -> None:
        while through and await self._some(lambda file: file.trim(topic, through, before, _RECORDS_AT_ONCE)):
            pass

    async def _drop_tombstones(self, through: int, before: float) -> None:
        """Once a day, delete from aisle.catalog the removals that are old and in every snapshot."""
        if self._log.now() < self._tombstones_next_seconds:
            return
        self._tombstones_next_seconds = self._log.now() + DAY_SECONDS
        seen = 0
        while seen < through:
            drop = partial(
                SqliteFile.drop_tombstones,
                topic=CATALOG,
                part=(seen, through),
                before_seconds=before,
            )
            seen = await self._some(drop) or through

    async def _trim_to_size(self) -> None:
        """Remove the oldest of all events and impressions until the file is small enough."""
        limit = self._config.max_bytes
        while limit and await self._some(lambda file: file.used_bytes() > limit):
            if not await self._some(self._trim_oldest):
                return await self._tell_too_large()
        self._told_too_large = False

    def _trim_oldest(self, file: SqliteFile) -> int:
        """Remove some of the oldest counted records. Returns their number."""
        by_age = sorted(CO_PARTITIONED, key=lambda topic: file.oldest_seconds(topic) or math.inf)
        for topic in by_age:
            if count := file.trim(topic, self._counted.saved.get(topic, 0), math.inf, _RECORDS_AT_ONCE):
                return count
        return 0

    async def _tell_too_large(self) -> None:
        if not self._told_too_large:
            used = await self._log.between_appends(lambda file: file.used_bytes())
            _LOG.warning(_TOO_LARGE, self._path, f"{used:,}")
        self._told_too_large = True

    def _contained(self) -> Positions:
        """The positions up to which every snapshot on disk contains the logs.

        The start if that is unknown.
        """
        folders = [self._snapshots / name for name in versions(self._snapshots)]
        try:
            found = [Positions.of(read_manifest(folder, verify=False)) for folder in folders]
        except AisleError:
            return Positions()
        return Positions(
            min((each.catalog for each in found), default=0),
            min((each.vectors for each in found), default=0),
        )

    async def _some(self, do: Callable[[SqliteFile], int | bool]) -> int | bool:
        """Do a part of the work, and leave the log to others for as long."""
        began = time.monotonic()
        outcome = await self._log.between_appends(do)
        await asyncio.sleep(time.monotonic() - began)
        return outcome
