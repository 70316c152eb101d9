"""A log in one SQLite file, for a single process."""

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from shared import owner_only
from shared.errors import AisleError, Overloaded, Unavailable
from shared.events.chore import Chore
from shared.events.file_lock import FileLock
from shared.events.log import TOPICS, Appended, NewRecord, Record, check_sizes
from shared.events.sqlite_consumer import SqliteConsumer
from shared.events.sqlite_file import SqliteFile

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_DEDUP_SECONDS = 7 * 24 * 3600.0
_MAX_WAITING_RECORDS = 100_000
_MAX_GROUP_RECORDS = 20_000


@dataclass(frozen=True, slots=True)
class _Append:
    topic: str
    records: Sequence[NewRecord]
    result: asyncio.Future[list[Appended]]


class PositionKeeper(Protocol):
    """Stores the positions of consumers together with the results of their work."""

    def position(self, topic: str) -> int: ...

    def commit(self, offsets: Mapping[str, int]) -> None: ...


class SqliteEventLog:
    """EventLog over SQLite in WAL mode. Acknowledged records are on disk (synchronous = FULL).

    Appends that arrive during a write share the next transaction and its fsync (group commit). An
    event_id is known for `dedup_seconds` after its append (default 7 days); a later retry is a new
    record. Records are kept until they are trimmed or dropped.
    """

    def __init__(
        self,
        path: Path,
        dedup_seconds: float = _DEDUP_SECONDS,
        max_bytes: int = 0,
        keeper: PositionKeeper | None = None,
    ) -> None:
        """Open or create the file.

        `keeper` holds the positions of consumers with a group; by default the file does. Raises
        Unavailable if another process has the file, Corrupt if it is damaged.
        """
        owner_only.folder(path.parent)
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            self._writing, self._reading = SqliteFile(path, max_bytes), SqliteFile(path)
        except BaseException:
            self._lock.release()
            raise
        self._dedup_seconds, self._keeper = dedup_seconds, keeper
        self.log_id = self._reading.log_id()
        self._ends = {topic: self._writing.end_offset(topic) for topic in TOPICS}
        self._growth = asyncio.Event()
        self._owners: dict[tuple[str, str], SqliteConsumer] = {}  # by (group, topic)
        self._waiting = 0  # records
        self._queue: queue.SimpleQueue[_Append | Chore | None] = queue.SimpleQueue()
        self._closed = False
        self._reader = ThreadPoolExecutor(1, "event-log-reader")
        self._writer = threading.Thread(target=self._write_until_closed, name="event-log-writer", daemon=True)
        self._writer.start()

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        """See EventLog."""
        if not records:
            return []
        if self._closed:
            raise Unavailable("the event log is closed")
        check_sizes(topic, records)
        if self._waiting + len(records) > _MAX_WAITING_RECORDS and self._waiting:
            raise Overloaded(f"{self._waiting} records wait for the event log; retry later")
        result: asyncio.Future[list[Appended]] = asyncio.get_running_loop().create_future()
        self._waiting += len(records)
        self._queue.put(_Append(topic, records, result))
        return await result

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        """See EventLog."""
        if after_offset >= self._ends[topic] and not self._closed:
            return []
        return await self._in_reader(lambda: self._reading.read(topic, after_offset, limit))

    async def end_offset(self, topic: str) -> int:
        """See EventLog."""
        return self._ends[topic]

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        """See EventLog."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while self._ends[topic] <= after_offset:
                    await self.growth().wait()
        except TimeoutError:
            return False
        return True

    @property
    def waiting_for(self) -> str:
        """See EventLog. Always empty, because all readers are in the same process."""
        return ""

    async def consumer(self, topics: Sequence[str], group: str = "") -> SqliteConsumer:
        """See EventLog.

        Each topic is one partition. Topics are merged by the time of their records.
        """
        return SqliteConsumer(self, topics, group, self._owners)

    def growth(self) -> asyncio.Event:
        """An event that is set when the next records are in the log."""
        return self._growth

    async def position(self, group: str, topic: str) -> int:
        """The offset that a group has committed. 0 before its first commit."""
        if self._keeper:
            return self._keeper.position(topic)
        return await self._in_reader(lambda: self._reading.position(group, topic))

    async def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        """Store the positions of a group in its topics."""
        if self._keeper:
            self._keeper.commit(offsets)
        else:
            await self._in_reader(lambda: self._reading.commit(group, offsets))

    async def drop(self, topic: str, through_offset: int) -> None:
        """Remove the records up to and including an offset."""
        await self._in_reader(lambda: self._reading.drop(topic, through_offset))

    async def trimmed_through(self, topic: str) -> int:
        """See EventLog."""
        return await self._in_reader(lambda: self._reading.trimmed_through(topic))

    def now(self) -> float:
        """Seconds since 1970, for decisions about age (see SteadyClock)."""
        return self._reading.now()

    async def between_appends(self, do: Callable[[SqliteFile], Result]) -> Result:
        """The result of `do`, called with the file in the writing thread.

        So no append waits for a lock.
        """
        if self._closed:
            raise Unavailable("the event log is closed")
        chore = Chore(do, Future())
        self._queue.put(chore)
        result: Result = await asyncio.wrap_future(chore.result)
        return result

    async def close(self) -> None:
        """See EventLog."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join)
        self._reader.shutdown()
        self._reading.close()
        self._writing.close()
        self._lock.release()

    async def _in_reader(self, read: Callable[[], Result]) -> Result:
        if self._closed:
            raise Unavailable("the event log is closed")
        return await asyncio.get_running_loop().run_in_executor(self._reader, read)

    def _write_until_closed(self) -> None:
        open_ = True
        while open_:
            group, end = self._next_group()
            if group:
                self._write(group)
            if isinstance(end, Chore):
                end.carry_out(self._writing)
            open_ = end is not None

    def _next_group(self) -> tuple[list[_Append], Chore | bool | None]:
        """The waiting appends, up to a limit, and what follows them.

        This is a chore, nothing (True), or the end of the log (None). Blocks until there is work.
        """
        group: list[_Append] = []
        count = 0
        each = self._queue.get()
        while isinstance(each, _Append):
            group.append(each)
            count += len(each.records)
            if count >= _MAX_GROUP_RECORDS:
                return group, True
            try:
                each = self._queue.get_nowait()
            except queue.Empty:
                return group, True
        return group, each

    def _write(self, group: list[_Append]) -> None:
        outcomes: Sequence[list[Appended] | AisleError]
        try:
            outcomes = self._writing.append(
                [(each.topic, each.records) for each in group], self._dedup_seconds
            )
        except AisleError as error:
            outcomes = [error] * len(group)
        except (
            Exception
            # A defect; but the callers must receive an error, and the next group must be written
        ) as error:
            _LOG.exception("the event log could not write %d appends", len(group))
            outcomes = [AisleError(f"the event log could not write the records ({error!r})")] * len(group)
        # The loop ended before its appends did, so no caller is waiting
        with contextlib.suppress(RuntimeError):
            group[0].result.get_loop().call_soon_threadsafe(self._settle, group, outcomes)

    def _settle(self, group: list[_Append], outcomes: Sequence[list[Appended] | AisleError]) -> None:
        for append, outcome in zip(group, outcomes, strict=True):
            self._waiting -= len(append.records)
            if isinstance(outcome, AisleError):
                _settle_with_error(append.result, outcome)
                continue
            self._ends[append.topic] = max(self._ends[append.topic], *(each.offset for each in outcome))
            if not append.result.done():  # true if the caller has been cancelled
                append.result.set_result(outcome)
        self._growth.set()
        self._growth = asyncio.Event()


def _settle_with_error(result: asyncio.Future[list[Appended]], error: AisleError) -> None:
    if not result.done():
        result.set_exception(error)
