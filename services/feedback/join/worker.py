"""Keep the tables: follow the log, and export now and then, alongside the rest of the process."""

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
_AFTER_ERROR_SECONDS = 5.0
_QUIET_SECONDS = 30.0
_EXPORTS_SHARE = 0.1  # of the time, at most
_TROUBLE = "the tables of what shoppers did are not written: %s"


class JoinWorker:
    """Takes each record once, whatever comes again, and exports what has changed.

    SQLite and Parquet work in a thread. An error ends nothing: the folder is let go of, and taken
    up again from what was committed.
    """

    def __init__(
        self,
        log: EventLog,
        root: Path,
        read: Read,
        config: JoinConfig,
        open_consumer: OpenConsumer | None = None,
    ) -> None:
        """`open_consumer` follows the log for a join; None: in the consumer group of its
        generation.
        """
        self._log = log
        self._root = root
        self._read = read
        self._config = config
        self._open_consumer = open_consumer or self._grouped
        self._thread = ThreadPoolExecutor(1, "join")
        self.time_slice = ThreadSlice()  # when the interpreter is given back while records are joined
        self.quiet_seconds = _QUIET_SECONDS  # see Rebuild
        self._join: Join | None = None
        self._consumer: Consumer | None = None
        self._opening = asyncio.Lock()
        self._is_closed = False
        self._is_caught_up = False
        self._export_at = 0.0  # on the monotonic clock
        self._failures = LogOnce(_LOG, _TROUBLE)
        self.trouble = ""  # for people; empty when all is well
        self.counts: dict[str, int] = {}

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while True:
            try:
                await self.step(_POLL_SECONDS)
                await self._export_when_due()
            except Exception as error:  # keep following after any error
                self.trouble = _TROUBLE % error
                self._failures.log(error)
                await self._let_go()
                await asyncio.sleep(_AFTER_ERROR_SECONDS)
            else:
                self.trouble = self._log.waiting_for
                self._failures.recovered()

    async def step(self, timeout_seconds: float) -> Sequence[Record]:
        """Take in the next records of the log; none when the time has passed without one."""
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
        """Write the tables that have changed. Returns their names."""
        join, _ = await self._opened()
        is_caught_up = self._is_caught_up
        names = await self._in_thread(lambda: join.export(is_caught_up))
        self.counts = await self._in_thread(join.counts)
        return names

    async def close(self) -> None:
        """Let go of the folder; what is under way stops, and is as if it had not begun."""
        if not self._is_closed:
            self._is_closed = True
            self.time_slice.end()
            await self._let_go()
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
        async with self._opening:  # who catches up may come while the run begins
            if self._join is None:
                try:
                    await self._in_thread(self._open)
                except OlderFormat:
                    await self._make_anew()
                    await self._in_thread(self._open)
            assert self._join
            if self._consumer is None:
                self._consumer = await self._open_consumer(self._join)
            return self._join, self._consumer

    def _open(self) -> None:
        """In the thread, so that it is known there, and closed, if this is cancelled meanwhile."""
        settle(self._root)
        self._join = Join(self._root, self._read, self._config, self.time_slice.give_way)

    async def _make_anew(self) -> None:
        """Join the whole log into a new folder, in the place of that of an earlier version."""
        says = "an earlier version has written %s; the tables are made anew from the log"
        _LOG.warning(says, self._root)
        pause = self.time_slice.give_way
        anew = Rebuild(self._root, self._read, self._config, self._open_consumer, pause)
        try:
            rebuilt = await anew.run(self._thread, self.quiet_seconds)
        except NotFound:
            _LOG.warning("the log has nothing to make tables of; those of %s stay", self._root)
            await self._in_thread(lambda: discard(self._root))
        else:
            _LOG.info("%s is made anew from %d records", self._root, rebuilt.record_count)

    async def _grouped(self, join: Join) -> Consumer:
        return await self._log.consumer(CO_PARTITIONED, join.group)

    async def _let_go(self) -> None:
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
        """The work goes on in its thread when this is cancelled; whatever is next waits for it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)
