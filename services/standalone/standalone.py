"""The whole engine, in one process or with page workers beside it.

Services receive each other in place of stubs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aisle.v1.admin_pb2 import GetStatusRequest, GetStatusResponse
from services.embedding.indexing.catalog_follower import CatalogFollower
from services.embedding.indexing.config import IndexingConfig
from services.gateway.admin.admin_service import AdminService
from services.gateway.catalog.catalog_service import CatalogService
from services.gateway.events.event_service import EventService
from services.gateway.ports import Status
from services.gateway.servicers import servicers
from services.standalone import served_address
from services.standalone.counted import Counted, Slowest
from services.standalone.local_features import LocalFeatures
from services.standalone.local_join import LocalJoin
from services.standalone.log_acceptance import LOG, check_the_log
from services.standalone.log_retention import LogRetention
from services.standalone.page_engine import PageEngine
from services.standalone.workers.worker_pool import WorkerPool
from services.training.encoder_config import encoder_config
from services.training.principal_heads import snapshot_texts, with_fitting_bundle
from shared import owner_only
from shared.config import load
from shared.errors import AisleError, NotFound
from shared.events.config import LogConfig
from shared.events.log import CATALOG, DEAD_LETTERS
from shared.events.sqlite import SqliteEventLog
from shared.listening import LOOPBACK
from shared.product_text import product_text_of
from shared.rpc.server import Server
from shared.snapshot.generation import snapshots_of
from shared.watchdog import watching

_LOG = logging.getLogger(__name__)
_COUNTING_SECONDS = 1.0  # longest wait of a start for the counting of shoppers' actions


class Standalone:
    """All parts of one data folder. Made by `Standalone.open`."""

    def __init__(self, data: Path, bundle: str, log: SqliteEventLog, counted: Counted) -> None:
        self._log = log
        self.features = LocalFeatures(data, log, counted)
        self._pages = pages = PageEngine(data, bundle, log, self.features.store)
        indexing = load(IndexingConfig)
        self._indexing = CatalogFollower(data, log, pages.encoders, product_text_of, indexing)
        self.learning, self.reranking = pages.learning, pages.reranking
        self.tables = LocalJoin(data, log)
        saved = Slowest(counted, self.tables) if self.tables.is_on else counted
        self._retention = LogRetention(log, data / LOG, snapshots_of(data), saved, load(LogConfig))
        self.search, self.recommend = pages.search, pages.recommend
        self.catalog = CatalogService(log, pages.retrieval)
        self.events = EventService(log, pages.signatures)
        counts = self.search.counts, self.recommend.counts, self.tables.counts, self._worker_counts
        self.admin = AdminService(self, *counts)
        self.workers: WorkerPool | None = None  # None: this process makes all pages
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def open(  # noqa: PLR0913  (the options of `aisle serve`)
        cls,
        data: Path,
        port: int = 0,
        bundle: str = "",
        host: str = LOOPBACK,
        accept_log: bool = False,
        workers: int = 1,
    ) -> AsyncIterator[Standalone]:
        """Serve DATA's newest snapshot, and later writes, until the block ends; port 0: a free one.

        Raises NotFound if DATA is no folder, Corrupt if no snapshot in it is sound, LogBehind if
        the log does not belong to DATA. With `accept_log` it accepts such a log. With two or
        more `workers`, so many processes beside this one make pages.
        """
        _check_folder(data)
        counted = Counted()
        log = SqliteEventLog(data / LOG, keeper=counted)
        try:
            await _prepare(data, log, bundle, accept_log)
            engine = cls(data, bundle, log, counted)
            try:
                await engine._start()
                engine._hand_on(data, bundle, workers)
                async with engine._serving(data, port, host):
                    yield engine
            finally:
                await engine._close()
        finally:
            await log.close()

    def _worker_counts(self) -> Mapping[str, int]:
        return self.workers.counts if self.workers else {}

    def _hand_on(self, data: Path, bundle: str, workers: int) -> None:
        """Have pages made by processes beside this one, if there are to be some."""
        if workers > 1:
            self.workers = WorkerPool.open(data, bundle, workers, self.features.store, self.search.parts)

    @asynccontextmanager
    async def _serving(self, data: Path, port: int, host: str) -> AsyncIterator[None]:
        parts = servicers(self.search, self.recommend, self.catalog, self.events, self.admin)
        server = Server(parts, port, host)
        self.port = server.port
        await server.start()
        served_address.note(data, f"localhost:{server.port}")
        tasks = self._background()
        try:
            yield
        finally:
            await server.stop()
            await _cancel(tasks)

    async def status(self) -> Status:
        """What is served. It implements StatusSource."""
        served = self._pages.status()
        if not served.snapshot_version:  # the only one is being opened again
            return Status(engines=self._pages.engines())
        return Status(
            snapshot_version=served.snapshot_version,
            product_count=served.product_count,
            bundle_version=served.bundle_version,
            engines=dict(served.engines),
            pending_writes=max(0, await self._log.end_offset(CATALOG) - served.log_position),
            replicas=self.workers.replicas() if self.workers else (),
            dead_letter_count=await self._log.end_offset(DEAD_LETTERS),
            waiting_for=await self.features.waiting_for() or self.tables.trouble or self.learning.trouble,
            left_out=self.features.left_out(),
        )

    async def describe(self) -> GetStatusResponse:
        """The status as AdminService reports it."""
        return await self.admin.GetStatus(GetStatusRequest())

    async def take_up(self) -> None:
        """Switch to the newest memories and bundle now, not at the next look."""
        await self._pages.take_up()

    async def _start(self) -> None:
        """Get ready for the first page: warm models, the newest snapshot, counted actions.

        Actions that are not counted by then are counted beside the pages, and the status says so.
        """
        with watching("starting the engine"):
            self.features.begin()
            await self._open()
            await self.features.wait(_COUNTING_SECONDS)

    async def _close(self) -> None:
        """Write waiting impressions, and close threads and files."""
        await self.search.close()
        await self.tables.close()
        await self.features.close()
        self._pages.close()

    async def _open(self) -> None:
        await self._pages.open_encoders()
        await asyncio.gather(self._open_newest(), self._indexing.warm())

    async def _open_newest(self) -> None:
        try:
            await self._indexing.move_over()
        except AisleError as error:
            # Sound snapshots serve; the follower logs it if there is none
            _LOG.error("catalogue writes wait: %s", error)
        await self._pages.follower.start()

    def _background(self) -> list[asyncio.Task[None]]:
        """Follow the events, the catalogue writes, and new snapshots and bundles of other
        processes.
        """
        own = self.features.run(), self.tables.run(), self._retention.run(), self._indexing.run()
        pool = [self.workers.run()] if self.workers else []
        return [asyncio.create_task(each) for each in (*own, *self._pages.following(), *pool)]


def _check_folder(data: Path) -> None:
    if not data.is_dir():
        remedy = f"make one with 'aisle index CATALOG --data {data}'"
        raise NotFound(f"{data}: there is no such data folder; {remedy}")
    owner_only.data_folder(data)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def _prepare(data: Path, log: SqliteEventLog, bundle: str, accept_log: bool) -> None:
    """Check the log, and make heads if the bundle in use was made for another encoder."""
    await check_the_log(data, log, accept_log)
    await asyncio.to_thread(_fit_bundle, data, bundle)


def _fit_bundle(data: Path, bundle: str) -> None:
    """Make or promote a bundle for the encoder, if the one in use was made for another."""
    with watching("making heads for the encoder"):
        with_fitting_bundle(data, encoder_config(data, bundle), snapshot_texts(data))
