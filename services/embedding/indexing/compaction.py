"""Decides when to make the next snapshot, and makes it in the background."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from services.embedding.indexing.compaction_process import compact
from services.embedding.indexing.config import IndexingConfig
from services.embedding.indexing.indexer import Indexer, IndexReport, fits
from services.embedding.indexing.ports import VersionedEncoder
from services.embedding.indexing.product_window import Text
from services.embedding.indexing.state import CatalogState
from services.embedding.indexing.tail import Tail
from shared.errors import Unavailable
from shared.log_once import trace_of
from shared.product_text import product_text_of
from shared.watchdog import progress, watching

_LOG = logging.getLogger(__name__)

_RETRY_SECONDS = 60.0


class Compaction:
    """Compacts the delta into new snapshots.

    Encodes all products again when the encoder changes.
    """

    def __init__(self, data: Path, text: Text, config: IndexingConfig) -> None:
        self._data = data
        self._text = text
        self._config = config
        self._task: asyncio.Task[None] | None = None
        self._thread: asyncio.Task[None] | None = None  # of `make`, while it runs
        self._not_before = 0.0  # after a failure
        self._ending = False

    def reason(self, state: CatalogState, target: VersionedEncoder) -> str:
        """Why a new snapshot is due. Empty if none is."""
        tail = state.tail
        limit = self._config.record_limit(len(state.base.products))
        if not fits(target.identity, state.base):
            return f"{target.version} takes the place of {state.base.encoder_version}"
        if tail.record_count > limit:
            return f"{tail.record_count} records are behind it, more than {limit}"
        if tail.has_changes and time.time() - tail.began_seconds > self._config.max_age_seconds:
            return f"the oldest write behind it is older than {self._config.max_age_seconds:.0f} seconds"
        return ""

    def look(self, state: CatalogState, target: VersionedEncoder) -> None:
        """Start a new snapshot if one is due and none is being made."""
        busy = self._task is not None and not self._task.done()
        if not busy and time.monotonic() >= self._not_before and (reason := self.reason(state, target)):
            _LOG.info("a new snapshot follows %s: %s", state.base.version, reason)
            # The process of `compact` has no encoder, and knows one text composition only.
            apart = fits(target.identity, state.base) and self._text is product_text_of
            self._task = asyncio.create_task(self._make(state.tail.frozen(), target, apart))

    def make(self, tail: Tail | None, target: VersionedEncoder) -> None:
        """Make the next snapshot now, in this process. See Indexer.run."""
        indexer = Indexer(self._data, target.encoder, target.identity, self._text)
        with watching("making a snapshot"):
            _tell(indexer.run(tail=tail, progress=self._go_on))

    def _go_on(self, written: int, total: int) -> None:
        """The indexer calls this from time to time.

        It raises once the process ends, which need not wait for a whole catalogue.
        """
        progress(f"{written} of {total} products written")
        if self._ending:
            reached = f"{written} of {total} products"
            raise Unavailable(f"it was given up after {reached}, since the process ends")

    async def _make(self, tail: Tail, target: VersionedEncoder, apart: bool) -> None:
        try:
            if not (apart and await self._folded(tail, target)):
                self._thread = asyncio.create_task(asyncio.to_thread(self.make, tail, target))
                await self._thread
        except Exception as error:  # after any error, writes must still become visible
            self._not_before = time.monotonic() + _RETRY_SECONDS
            outcome = "no new snapshot is made, the current one stays in use"
            message = f"{outcome}; the next try is in a minute: %s"
            _LOG.error(message, error, exc_info=trace_of(error))
        finally:
            self._thread = None

    async def _folded(self, tail: Tail, target: VersionedEncoder) -> bool:
        """Make the snapshot in a process of its own.

        Returns False if an encoding is missing, or the process was killed.
        """
        try:
            _tell(await compact(self._data, target.identity, tail))
        except Unavailable as error:
            _LOG.warning("the next snapshot is made in this process: %s", error)
            return False
        return True

    async def close(self) -> None:
        """End a process that makes a snapshot.

        Wait for a thread that makes one, which stops at its next check.
        """
        self._ending = True
        if self._task and self._thread is None:
            self._task.cancel()
        if running := [task for task in (self._task, self._thread) if task]:
            await asyncio.wait(running)


def _tell(report: IndexReport) -> None:
    kept = f"{report.reused_count} of {report.product_count} products kept their vectors"
    _LOG.info("snapshot %s is made in %.1f s, %s", report.version, report.seconds, kept)
