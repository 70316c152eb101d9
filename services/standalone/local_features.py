"""Features of shoppers' actions, for one process.

They are counted in memory, and saved beside the log with their position.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

from services.feedback.config import FeedbackConfig
from services.feedback.service import observation
from services.feedback.worker import Worker
from services.standalone.counted import Counted
from services.standalone.known_log import FEATURES
from shared.config import load
from shared.errors import AisleError, Corrupt
from shared.events.log import CO_PARTITIONED, TOPICS
from shared.events.sqlite import SqliteEventLog
from shared.features.config import FeaturesConfig
from shared.features.feature_file import FeatureFile, put_aside
from shared.features.memory import MemoryFeatureStore, saved
from shared.features.saved import Saved, without_watermarks
from shared.features.shelf import Entry
from shared.log_once import LogOnce
from shared.time_slice import SLICE_SECONDS

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)

_GENERATION = "local"
_SAVE_SECONDS = 2.0
_ROWS_AT_ONCE = 1_000
_BEHIND_SECONDS = 10.0  # a working worker is always some milliseconds behind
_NOT_READ = "what shoppers did, which is still being read from the disk"
_POLL_SECONDS = 0.02
_NOT_COUNTED = "what shoppers did: %s records of the log are still to be counted"
_OTHER_LOG = "%s was counted from another state of the log; it is kept, and goes on with the log as it is now"
_GAP = "%s does not reach as far back as %s was trimmed: what shoppers did in between is not counted"
_ANEW = "%s; it is put aside as %s, and what shoppers did is counted anew, as far back as the log reaches"


class LocalFeatures:
    """The feature store of one process, and the worker that fills it from the log.

    Changes are saved every two seconds, together with the positions, in one transaction. After a
    kill, records after the saved positions come again, and change only what they have not changed
    before (docs/decisions/an-effect-happens-once-per-key.md).
    """

    def __init__(self, data: Path, log: SqliteEventLog, counted: Counted) -> None:
        """`counted` is the log's keeper of positions."""
        self._path = data / FEATURES
        self._log = log
        self._counted = counted
        self.store = MemoryFeatureStore(
            load(FeaturesConfig).memory_bytes, generation=_GENERATION, steady=log.now
        )
        self._worker = Worker(log, self.store, observation, load(FeedbackConfig))
        self._thread = ThreadPoolExecutor(1, "features")
        self._file: FeatureFile | None = None
        # The end of the log when the file was saved; see KnownLog
        self._known = dict.fromkeys(TOPICS, 0)
        self._beginning: asyncio.Task[None] | None = None
        self._saving = asyncio.Lock()
        self._failures = LogOnce(_LOG, ("what shoppers did is counted, but not saved; the log keeps it: %s"))

    def begin(self) -> None:
        """Start to restore the saved features, and to count later records."""
        self._beginning = asyncio.create_task(self._begin())

    async def wait(self, seconds: float) -> None:
        """Return once all is counted, or the time has passed.

        Then the rest is counted beside the pages.
        """
        if self._beginning:
            ended, _ = await asyncio.wait([self._beginning], timeout=seconds)
            for task in ended:
                task.result()  # an unreadable file ends the start, with its error
        self._worker.time_slice.rest_seconds = SLICE_SECONDS

    async def run(self) -> None:
        """Count and save until cancelled."""
        saving = asyncio.create_task(self._save_now_and_then())
        try:
            if self._beginning:
                await asyncio.shield(self._beginning)
            await self._worker.run()
        finally:
            saving.cancel()

    async def until_counted(self) -> None:
        """Return once all that is in the log now is counted."""
        ends = {topic: await self._log.end_offset(topic) for topic in CO_PARTITIONED}
        while any(self._counted.position(topic) < end for topic, end in ends.items()):
            await asyncio.sleep(_POLL_SECONDS)

    async def close(self) -> None:
        """Save the remaining changes."""
        if self._beginning:
            self._beginning.cancel()
            # The caller that waited for it has received its error
            with suppress(asyncio.CancelledError, AisleError):
                await self._beginning
        await self._worker.close()
        if self._file:
            await self._save()
            await self._in_thread(self._file.close)
        self._thread.shutdown()

    async def waiting_for(self) -> str:
        """A description of what remains to be counted. Empty while the worker keeps up."""
        if self._file is None:
            return _NOT_READ
        if self._worker.progress.behind_seconds() < _BEHIND_SECONDS:
            return ""
        ends = {topic: await self._log.end_offset(topic) for topic in CO_PARTITIONED}
        return _NOT_COUNTED % f"{sum(end - self._counted.position(topic) for topic, end in ends.items()):,}"

    def left_out(self) -> dict[str, int]:
        """Records of which something counts for nothing, by reason, since this process began."""
        return dict(self._worker.progress.left_out)

    async def _begin(self) -> None:
        """Restore, and catch up with the log. `run` repeats the counting after an error."""
        try:
            self._file = await self._restored()
        except Corrupt as error:
            # Close the file afterwards
            aside = await self._in_thread(lambda: put_aside(self._path))
            _LOG.warning(_ANEW, error, aside.name)
            await self.store.forget(_GENERATION)
            self._counted.offsets.clear()
            self._counted.saved = {}
            self._file = await self._restored()
        try:
            await self._worker.catch_up()
        except Exception:
            _LOG.exception("a defect in counting what shoppers did; it is tried again")
            await self._worker.close()

    async def _restored(self) -> FeatureFile:
        """The file, with its content restored. Raises Corrupt if it cannot be used."""
        file = await self._in_thread(lambda: FeatureFile(self._path))
        try:
            is_same = await self._take_positions(file)
            rows = file.read(self._log.now())
            while some := await self._in_thread(lambda: list(islice(rows, _ROWS_AT_ONCE))):
                self._restore(some, is_same)
        except BaseException:
            # After any running read: SQLite does not survive both at once
            self._thread.submit(file.close)
            raise
        return file

    def _restore(self, rows: list[Saved], is_same: bool) -> None:
        self.store.restore(rows if is_same else map(without_watermarks, rows))
        if not is_same:
            self.store.put_back(row.key for row in rows)

    async def _take_positions(self, file: FeatureFile) -> bool:
        """Continue where the features end in the log.

        Returns False if they belong to another log, or to a later state of it.
        """
        offsets = file.positions()
        known = file.log_id()
        ends = {topic: await self._log.end_offset(topic) for topic in CO_PARTITIONED}
        is_same = not known or known == self._log.log_id
        is_behind = any(offset > ends[topic] for topic, offset in offsets.items())
        if is_behind or not is_same:
            _LOG.warning(_OTHER_LOG, self._path)
            offsets = {topic: min(offset, ends[topic]) if is_same else 0 for topic, offset in offsets.items()}
        for topic in CO_PARTITIONED:
            if offsets.get(topic, 0) < await self._log.trimmed_through(topic):
                _LOG.warning(_GAP, self._path, topic)
        self._counted.commit(offsets)
        goes_on = is_same and not is_behind
        self._counted.saved = dict(offsets) if goes_on else {}
        return goes_on

    async def _save_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            if self._file:
                # Changes taken from the store must be saved or put back
                await asyncio.shield(self._save())

    async def _save(self) -> None:
        async with self._saving:
            changed = self.store.take_changed()
            offsets = dict(self._counted.offsets)
            ends = {topic: await self._log.end_offset(topic) for topic in TOPICS}
            if self._file is None or not (changed or offsets != self._counted.saved or ends != self._known):
                return
            # As of now, or slightly after the offsets: never before
            changes = await self._current(changed)
            file = self._file
            rows = (saved(*change) for change in changes)
            try:
                await self._in_thread(lambda: file.save(rows, offsets, self._log.log_id, ends))
            except AisleError as error:
                self.store.put_back(changed)
                self._failures.log(error)
            else:
                self._counted.saved = offsets
                self._known = ends
                self._failures.recovered()

    async def _current(self, changed: Iterable[str]) -> list[tuple[str, Entry | None]]:
        """The current values of the changed keys, gathered in parts.

        There may be hundreds of thousands.
        """
        changes: list[tuple[str, Entry | None]] = []
        keys = iter(changed)
        while some := self.store.current(islice(keys, _ROWS_AT_ONCE)):
            changes += some
            await asyncio.sleep(0)
        return changes

    async def _in_thread(self, do: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)
