"""Records on disk that wait for a log that is down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from shared.errors import InvalidRequest, Overloaded, Unavailable
from shared.events import dead_letters
from shared.events.log import DEAD_LETTERS, Appended, EventLog, NewRecord
from shared.events.sqlite import SqliteEventLog

_LOG = logging.getLogger(__name__)
_REPLAYED_AT_ONCE = 1_000
_RETRY_SECONDS = 0.5


class Spool:
    """Keeps records of one topic in a SQLite file, and appends them in order once the log accepts
    them.

    A record is on disk when `append` returns, and is deleted once the log has it. If the process
    dies in between, the next one appends the record again with the same event_id.
    """

    def __init__(self, log: EventLog, topic: str, path: Path, max_bytes: int) -> None:
        """Open or create the file.

        Raises Unavailable if another process has it, Corrupt if it is damaged.
        """
        self._log = log
        self._topic = topic
        self._path = path
        self._file = SqliteEventLog(path, max_bytes=max_bytes)
        # Appends that are not on disk yet
        self._keeping: set[asyncio.Task[list[Appended]]] = set()
        self._appends = 0
        self._replay: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()  # kept, replayed, refused

    @property
    def holds(self) -> bool:
        """Whether there are records that must be appended before new ones of the topic."""
        return self._replay is not None and not self._replay.done()

    def start(self) -> None:
        """Replay the file's records, now and while more arrive."""
        if not self.holds:
            self._replay = asyncio.create_task(self._replay_all())

    async def append(self, records: Sequence[NewRecord]) -> list[Appended]:
        """Keep records behind those in the file.

        Raises StorageFull if the file has reached its limit.
        """
        self._appends += 1
        keeping = asyncio.create_task(self._file.append(self._topic, records))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._is_kept)
        self.start()
        # A cancelled caller must not discard records that may be on disk
        appended = await asyncio.shield(keeping)
        self.counts["kept"] += len(records)
        return [Appended(0, each.duplicate) for each in appended]

    def _is_kept(self, keeping: asyncio.Task[list[Appended]]) -> None:
        self._keeping.discard(keeping)
        if not keeping.cancelled():
            keeping.exception()  # the caller receives the error, unless it has left

    async def _replay_all(self) -> None:
        while True:
            appends = self._appends
            try:
                if not await self._replay_some() and appends == self._appends:
                    return
            except (Unavailable, Overloaded):
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:
                _LOG.exception("%s cannot be replayed; trying again", self._path)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _replay_some(self) -> bool:
        """Append the oldest records. Returns False if none are left or on their way to disk."""
        if self._keeping:
            await asyncio.wait(self._keeping)
        records = await self._file.read(self._topic, 0, _REPLAYED_AT_ONCE)
        if records:
            whole = [NewRecord(each.key, each.value, each.event_id) for each in records if not each.damage]
            if whole:
                await self._hand_over(whole)
            for each in records:
                if each.damage:
                    await self._bury(NewRecord(each.key, each.value), each.damage)
            await self._file.drop(self._topic, records[-1].offset)
            self.counts["replayed"] += len(records)
        return bool(records or self._keeping)

    async def _hand_over(self, records: Sequence[NewRecord]) -> None:
        """Append records that have been acknowledged.

        Records that the log refuses become dead letters.
        """
        try:
            await self._log.append(self._topic, records)
        except InvalidRequest as error:
            if len(records) > 1:
                for record in records:  # records already written are detected by their event_ids
                    await self._hand_over([record])
                return
            await self._bury(records[0], error.reason)

    async def _bury(self, record: NewRecord, reason: str) -> None:
        """Put the record aside, with as much of it as the log takes."""
        _LOG.error("%s: record %r: %s; it is put in %s", self._topic, record.key[:60], reason, DEAD_LETTERS)
        await dead_letters.put(self._log, partial(dead_letters.refused, self._topic, record, reason))
        self.counts["refused"] += 1

    async def close(self) -> None:
        """Close the file. Records that the log lacks stay on disk."""
        if self._replay is not None:
            self._replay.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._replay
        await self._file.close()
