"""Keeps the tables up to date: follows the log, and exports from time to time."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join, OpenConsumer
from services.feedback.join.observed import Read
from services.feedback.join.paths import settle
from services.feedback.join.rebuild import RECENT_SECONDS, Rebuild
from services.feedback.join.staging import OlderFormat, discard
from shared.errors import AisleError, NotFound
from shared.events.log import CO_PARTITIONED, Consumer, EventLog, Record
from shared.log_once import LogOnce
from shared.time_slice import ThreadSlice

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_GATHER_SECONDS = 1.0  # lets the records of many pages share one transaction
_AFTER_ERROR_SECONDS = 5.0
_QUIET_SECONDS = 30.0
_EXPORTS_SHARE = 0.1  # of the time, at most
_TROUBLE = "the tables of shoppers' actions are not written: %s"


class JoinWorker:
    """Stages each record once, despite redeliveries, and exports changed tables.

    SQLite and Parquet work runs in a thread. After an error the folder is released, and reopened
    from the last commit.
    """

    def __init__(
        self,
        log: EventLog,
        root: Path,
        read: Read,
        config: JoinConfig,
        open_consumer: OpenConsumer | None = None,
    ) -> None:
        """`open_consumer` opens the log; None: in the consumer group of the join."""
        self._log = log
        self._root = root
        self._read = read
        self._config = config
        self._open_consumer = open_consumer or self._grouped
        self._thread = ThreadPoolExecutor(1, "join")
        self.time_slice = ThreadSlice()  # when to release the interpreter while records are joined
        self.quiet_seconds = _QUIET_SECONDS  # see Rebuild
        self._join: Join | None = None
        self._consumer: Consumer | None = None
        self._opening = asyncio.Lock()
        self._is_closed = False
        self._is_caught_up = False
        self._export_at = 0.0  # on the monotonic clock
        self._failures = LogOnce(_LOG, _TROUBLE)
        self.trouble = ""  # message for the status; empty if all is well
        self.counts: dict[str, int] = {}

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while True:
            try:
                records = await self.step(_POLL_SECONDS)
                await self._export_when_due()
                if len(records) < self._config.batch_records:
                    await asyncio.sleep(_GATHER_SECONDS)
            except Exception as error:  # keep following after any error
                self.trouble = _TROUBLE % error
                self._failures.log(error)
                await self._release()
                await asyncio.sleep(_AFTER_ERROR_SECONDS)
            else:
                self.trouble = self._log.waiting_for
                self._failures.recovered()

    async def step(self, timeout_seconds: float) -> Sequence[Record]:
        """Stage the next records of the log. Returns none if none came within the timeout."""
        join, consumer = await self._opened()
        records = await consumer.poll(timeout_seconds, self._config.batch_records)
        if records:
            await self._in_thread(lambda: join.stage(records))
            await consumer.commit(records)
            self.counts = await self._in_thread(join.counts)
        oldest = min((record.time_seconds for record in records), default=time.time())
        self._is_caught_up = oldest > time.time() - RECENT_SECONDS
        return records

    async def export(self) -> list[str]:
        """Write the changed tables. Returns their names."""
        join, _ = await self._opened()
        is_caught_up = self._is_caught_up
        names = await self._in_thread(lambda: join.export(is_caught_up))
        self.counts = await self._in_thread(join.counts)
        return names

    async def close(self) -> None:
        """Release the folder. Work in progress stops and is rolled back."""
        if not self._is_closed:
            self._is_closed = True
            self.time_slice.end()
            await self._release()
            self._thread.shutdown()

    async def _export_when_due(self) -> None:
        began = time.monotonic()
        if began < self._export_at:
            return
        await self.export()
        took_seconds = time.monotonic() - began
        pause_seconds = max(self._config.export_seconds, took_seconds / _EXPORTS_SHARE)
        self._export_at = time.monotonic() + pause_seconds

    async def _opened(self) -> tuple[Join, Consumer]:
        async with self._opening:  # a caller may catch up while `run` begins
            if self._join is None:
                try:
                    await self._in_thread(self._open)
                except OlderFormat:
                    await self._rebuild()
                    await self._in_thread(self._open)
            assert self._join
            if self._consumer is None:
                self._consumer = await self._open_consumer(self._join)
            return self._join, self._consumer

    def _open(self) -> None:
        """Runs in the thread, so that the join is closed even if the caller is cancelled."""
        settle(self._root)
        self._join = Join(self._root, self._read, self._config, self.time_slice.give_way)

    async def _rebuild(self) -> None:
        """Join the whole log into a new folder that replaces the one of an earlier version."""
        message = "%s was written by an earlier version; rebuilding the tables from the log"
        _LOG.warning(message, self._root)
        pause = self.time_slice.give_way
        rebuild = Rebuild(self._root, self._read, self._config, self._open_consumer, pause)
        try:
            rebuilt = await rebuild.run(self._thread, self.quiet_seconds)
        except NotFound:
            _LOG.warning("the log has no records to rebuild from; keeping the tables of %s", self._root)
            await self._in_thread(lambda: discard(self._root))
        else:
            _LOG.info("%s is rebuilt from %d records", self._root, rebuilt.record_count)

    async def _grouped(self, join: Join) -> Consumer:
        return await self._log.consumer(CO_PARTITIONED, join.group)

    async def _release(self) -> None:
        if self._consumer:
            with suppress(AisleError):
                await self._consumer.close()
        self._consumer = None
        await self._in_thread(self._close_join)

    def _close_join(self) -> None:
        if self._join:
            self._join.close()
        self._join = None

    async def _in_thread(self, do: Callable[[], Result]) -> Result:
        """Run `do` in the thread.

        If this is cancelled, `do` continues and later work waits for it.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)
