"""The log of the first process, as a page worker reads it: from the same SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from shared.errors import Unavailable
from shared.events.log import Appended, Consumer, NewRecord, Record
from shared.events.sqlite_changes import SqliteChanges
from shared.events.sqlite_file import SqliteFile

Result = TypeVar("Result")

_LOOK_SECONDS = 0.05
_READ_ONLY = "a page worker does not write to the log"


class FollowedFile:
    """EventLog that is read while another process writes to its file."""

    def __init__(self, path: Path) -> None:
        """Raises Corrupt if the file is damaged."""
        self._file, self._changes = SqliteFile(path), SqliteChanges(path)
        self._thread = ThreadPoolExecutor(1, "event-log-reader")

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        """Raises Unavailable."""
        raise Unavailable(_READ_ONLY)

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        """See EventLog."""
        return await self._in_thread(lambda: self._file.read(topic, after_offset, limit))

    async def end_offset(self, topic: str) -> int:
        """See EventLog."""
        return await self._in_thread(lambda: self._file.end_offset(topic))

    async def trimmed_through(self, topic: str) -> int:
        """See EventLog."""
        return await self._in_thread(lambda: self._file.trimmed_through(topic))

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        """See EventLog. Records of the other process are noticed within 50 ms."""
        try:
            async with asyncio.timeout(timeout_seconds):
                changed = self._changes.version()
                while await self.end_offset(topic) <= after_offset:
                    changed = await self._next_change(changed)
        except TimeoutError:
            return False
        return True

    async def consumer(self, topics: Sequence[str], group: str = "") -> Consumer:
        """Raises Unavailable."""
        raise Unavailable(_READ_ONLY)

    @property
    def waiting_for(self) -> str:
        """See EventLog. Always empty: the file is there as long as the first process is."""
        return ""

    async def close(self) -> None:
        """See EventLog."""
        self._thread.shutdown()
        self._changes.close()
        self._file.close()

    async def _next_change(self, version: int) -> int:
        """Return the file's version once it is another one."""
        while (found := self._changes.version()) == version:
            await asyncio.sleep(_LOOK_SECONDS)
        return found

    async def _in_thread(self, do: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)
