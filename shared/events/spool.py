"""Records on disk, on their way to a log that is away."""

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
    """Keeps records of one topic in a SQLite file, and appends them to the log in order once it
    takes them.

    A record is on the disk when `append` returns, and leaves the file when the log has it: a
    process that dies in between appends it again at the next start, with the same event_id.
    """

    def __init__(self, log: EventLog, topic: str, path: Path, max_bytes: int) -> None:
        """Open or create the file.

        Raises Unavailable when another process has it, Corrupt when it is damaged.
        """
        self._log = log
        self._topic = topic
        self._path = path
        self._file = SqliteEventLog(path, max_bytes=max_bytes)
        # Appends that are not on the disk yet
        self._keeping: set[asyncio.Task[list[Appended]]] = set()
        self._appends = 0
        self._replay: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()  # kept, replayed, refused

    @property
    def holds(self) -> bool:
        """Whether there are records that the log must have before any other of the topic."""
        return self._replay is not None and not self._replay.done()

    def start(self) -> None:
        """Replay what is in the file, now and for as long as there is something."""
        if not self.holds:
            self._replay = asyncio.create_task(self._replay_all())

    async def append(self, records: Sequence[NewRecord]) -> list[Appended]:
        """Keep records behind those that are here.

        Raises StorageFull when the file is as large as it may be.
        """
        self._appends += 1
        keeping = asyncio.create_task(self._file.append(self._topic, records))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._is_kept)
        self.start()
        # A caller that leaves does not take away what may be on the disk
        appended = await asyncio.shield(keeping)
        self.counts["kept"] += len(records)
        return [Appended(0, each.duplicate) for each in appended]

    def _is_kept(self, keeping: "asyncio.Task[list[Appended]]") -> None:
        self._keeping.discard(keeping)
        if not keeping.cancelled():
            keeping.exception()  # the caller is told, if it is still there

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
        """Append the oldest records; False when there are none, and none on their way to the disk."""
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
        """Append records that are acknowledged already.

        Those that the log refuses become dead letters.
        """
        try:
            await self._log.append(self._topic, records)
        except InvalidRequest as error:
            if len(records) > 1:
                for record in records:  # those that are written are known by their event_ids
                    await self._hand_over([record])
                return
            await self._bury(records[0], error.reason)

    async def _bury(self, record: NewRecord, reason: str) -> None:
        """Put the record aside; as much of it as the log takes."""
        _LOG.error("%s: record %r: %s; it is put in %s", self._topic, record.key[:60], reason, DEAD_LETTERS)
        await dead_letters.put(self._log, partial(dead_letters.refused, self._topic, record, reason))
        self.counts["refused"] += 1

    async def close(self) -> None:
        """Leave what the log does not have yet on the disk."""
        if self._replay is not None:
            self._replay.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._replay
        await self._file.close()
