"""When to make the next snapshot, and making it beside everything else."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from services.embedding.indexing.config import IndexingConfig
from services.embedding.indexing.indexer import Indexer, fits
from services.embedding.indexing.ports import VersionedEncoder
from services.embedding.indexing.state import CatalogState
from services.embedding.indexing.tail import Tail
from services.embedding.indexing.window import Text
from shared.errors import AisleError

log = logging.getLogger(__name__)

_RETRY_SECONDS = 60.0


class Upkeep:
    """Folds what was written into new snapshots, and encodes all products again when the encoder changes."""

    def __init__(self, data: Path, text: Text, config: IndexingConfig) -> None:
        self._data, self._text, self._config = data, text, config
        self._task: asyncio.Task[None] | None = None
        self._not_before = 0.0  # after a failure

    def reason(self, state: CatalogState, target: VersionedEncoder) -> str:
        """Why a new snapshot is due; empty when none is."""
        tail, limit = state.tail, self._config.record_limit(len(state.base.products))
        if not fits(target.identity, state.base):
            return f"{target.version} takes the place of {state.base.encoder_version}"
        if tail.record_count > limit:
            return f"{tail.record_count} records are behind it, more than {limit}"
        if tail.has_changes and time.time() - tail.began_seconds > self._config.max_age_seconds:
            return f"the oldest write behind it is older than {self._config.max_age_seconds:.0f} seconds"
        return ""

    def look(self, state: CatalogState, target: VersionedEncoder) -> None:
        """Begin with a new snapshot when one is due and none is in the making."""
        busy = self._task is not None and not self._task.done()
        if not busy and time.monotonic() >= self._not_before and (reason := self.reason(state, target)):
            log.info("a new snapshot follows %s: %s", state.base.version, reason)
            self._task = asyncio.create_task(self._make(state.tail.frozen(), target))

    def make(self, tail: Tail | None, target: VersionedEncoder) -> None:
        """Make the next snapshot now; see Indexer.run."""
        report = Indexer(self._data, target.encoder, target.identity, self._text).run(tail=tail)
        kept = f"{report.reused_count} of {report.product_count} products kept their vectors"
        log.info("snapshot %s is made in %.1f s, %s", report.version, report.seconds, kept)

    async def _make(self, tail: Tail, target: VersionedEncoder) -> None:
        try:
            await asyncio.to_thread(self.make, tail, target)
        except Exception as error:  # whatever it is, writes go on becoming visible
            self._not_before = time.monotonic() + _RETRY_SECONDS
            log.error(
                "no new snapshot is made, what is served goes on; the next try is in a minute: %s",
                error,
                exc_info=not isinstance(error, (AisleError, OSError)),
            )

    async def close(self) -> None:
        """Wait for a snapshot in the making: its thread cannot be stopped."""
        if self._task:
            await asyncio.wait([self._task])
