"""Follows the catalogue's log.

Every write becomes a change in aisle.vectors, which all replicas apply. The position of the last
change says how far the catalogue's log was processed, so a new indexer continues from there. Work
lost in a crash is repeated, with the same result.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from services.embedding.indexing.accepting import check_log
from services.embedding.indexing.appending import append_changes, take_records
from services.embedding.indexing.changes import ChangeMaker, Encoders
from services.embedding.indexing.compaction import Compaction
from services.embedding.indexing.config import IndexingConfig
from services.embedding.indexing.draft import Draft
from services.embedding.indexing.indexer import fits
from services.embedding.indexing.ports import OpenEncoders
from services.embedding.indexing.product_window import Text
from services.embedding.indexing.rebasing import rebase
from services.embedding.indexing.state import CatalogState
from services.embedding.indexing.tail import Tail, read_tail
from shared.artifacts import current
from shared.events.log import CATALOG, EventLog, Record
from shared.log_once import LogOnce
from shared.snapshot.generation import Positions, current_generation, snapshots_of
from shared.watchdog import watching

_LOG = logging.getLogger(__name__)

# Writes seldom come alone; those within this time are encoded and appended together
_GATHER_SECONDS = 0.03
_RETRY_SECONDS = 1.0
_WARM = "warm"


class CatalogFollower:
    """The only reader of aisle.catalog, and the only writer of aisle.vectors."""

    def __init__(
        self,
        data: Path,
        events: EventLog,
        encoders: OpenEncoders,
        text: Text,
        config: IndexingConfig | None = None,
    ) -> None:
        """`text` composes the text of a product that encoders read."""
        self._data = data
        self._events = events
        self._encoders = encoders
        self._config = config or IndexingConfig()
        self._maker = ChangeMaker(text)
        self._compaction = Compaction(data, text, self._config)
        self._state: CatalogState | None = None
        self.ready = asyncio.Event()  # set once it follows

    @property
    def positions(self) -> Positions:
        """The positions up to which both logs are applied. The start until it follows."""
        return self._state.tail.end if self._state else Positions()

    @property
    def snapshot_version(self) -> str:
        """The snapshot that its changes extend. Empty until it follows."""
        return self._state.base.version if self._state else ""

    async def move_over(self) -> None:
        """Encode everything again if another encoder, or other heads, made the snapshot.

        Call it before the snapshot serves. `run` does the same while it serves.
        """
        state = await self._caught_up()
        target = self._encoders.target
        if not fits(target.identity, state.base):
            _LOG.warning(
                "the snapshot was made with another encoder or other heads; encoding its products again"
            )
            await asyncio.to_thread(self._compaction.make, state.tail, target)

    async def run(self) -> None:
        """Follow until cancelled. After an error it tries again."""
        failures = LogOnce(_LOG, "catalogue writes wait for the next try: %s")
        try:
            while True:
                try:
                    await self._step()
                    failures.recovered()
                except (
                    Exception
                    # Keep following after any error: acknowledged writes would never be seen
                ) as error:
                    # Appended changes are in the log, even if unknown to this process
                    self._state = None
                    failures.log(error)
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            await self._compaction.close()

    async def warm(self) -> None:
        """Build the engine for products before the first write.

        Otherwise that write, and pages with it, would wait for the engine.
        """
        try:
            await asyncio.to_thread(lambda: self._encoders.target.encoder.encode_products([_WARM]))
        except Exception as error:
            _LOG.error("products cannot be encoded yet: %s", error)

    async def _step(self) -> None:
        state = await self._caught_up()
        if state.foreign is not None:
            self._state = None  # later appends are read with the rest of the tail
            await rebase(self._events, self._maker, state, self._open(), self._config.batch_products)
            return
        position = state.tail.end.catalog
        if await self._events.wait(CATALOG, position, self._config.refresh_seconds):
            await asyncio.sleep(_GATHER_SECONDS)
            if records := await self._events.read(CATALOG, position, self._config.batch_products):
                with watching(f"applying the catalogue's writes {records[0].offset} to {records[-1].offset}"):
                    await self._take(state, records)
        if current(snapshots_of(self._data)) == state.base.version:
            self._compaction.look(state, self._encoders.target)

    async def _caught_up(self) -> CatalogState:
        """The state over the current snapshot, which another process may have made."""
        state = self._state
        if state is None or current(snapshots_of(self._data)) != state.base.version:
            state = self._state = await self._opened()
            self.ready.set()
        return state

    async def _opened(self) -> CatalogState:
        target = self._encoders.target
        if current(snapshots_of(self._data)) is None:  # a first one, without products
            await asyncio.to_thread(self._compaction.make, None, target)
        await check_log(self._data, self._events, self._config.accept_log)
        base = await asyncio.to_thread(current_generation, self._data, False)
        assert base is not None
        tail = await read_tail(self._events, snapshots_of(self._data), base.positions, base.version)
        trusted = fits(target.identity, base) or base.encoder_version != target.version
        if tail.lineage == base.lineage:
            return CatalogState(base, tail, trusted)
        own = Tail(snapshots_of(self._data), base.positions, base.version)
        return CatalogState(base, own, trusted, foreign=tail)

    async def _take(self, state: CatalogState, records: Sequence[Record]) -> None:
        """Append the changes of some catalogue records, and remember them."""
        draft = Draft(state)
        await take_records(draft, records, self._events)
        products = {product_id: draft.product(product_id) for product_id in draft.product_ids}
        start = state.tail.end.catalog
        end = records[-1].offset
        changes = await asyncio.to_thread(self._maker.changes, products, state, self._open(), start, end)
        own = [replace(change, lineage=state.base.lineage) for change in changes]
        for record in await append_changes(self._events, own):
            state.tail.add(record)

    def _open(self) -> Encoders:
        return {version: each.encoder for version, each in self._encoders.all().items()}
