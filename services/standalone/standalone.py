"""The whole engine in one process. Services receive each other in place of stubs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aisle.v1.admin_pb2 import GetStatusRequest, GetStatusResponse
from services.embedding.encoders import Encoders
from services.embedding.indexing.catalog_follower import CatalogFollower
from services.embedding.indexing.config import IndexingConfig
from services.embedding.service import EmbeddingService
from services.gateway.admin.admin_service import AdminService
from services.gateway.catalog.catalog_service import CatalogService
from services.gateway.config import GatewayConfig
from services.gateway.events.event_service import EventService
from services.gateway.ports import Status
from services.gateway.recommend.recommend_service import RecommendService
from services.gateway.search.search_service import SearchService
from services.gateway.secret_file import SecretFile
from services.gateway.servicers import servicers
from services.gateway.signatures import Signatures
from services.retrieval.config import RetrievalConfig
from services.retrieval.followed_snapshot import FollowedSnapshot
from services.retrieval.opening import retrieval_service
from services.retrieval.snapshots import Snapshots
from services.standalone import served_address
from services.standalone.counted import Counted, Slowest
from services.standalone.local_features import LocalFeatures
from services.standalone.local_join import LocalJoin
from services.standalone.local_learning import LocalLearning
from services.standalone.local_reranking import LocalReranking
from services.standalone.log_acceptance import LOG, check_the_log
from services.standalone.log_retention import LogRetention
from services.training.encoder_config import encoder_config, serving_config
from services.training.principal_heads import snapshot_texts, with_fitting_bundle
from shared import owner_only
from shared.config import load
from shared.errors import AisleError, NotFound, Unavailable
from shared.events.config import LogConfig
from shared.events.log import CATALOG, DEAD_LETTERS
from shared.events.sqlite import SqliteEventLog
from shared.listening import LOOPBACK
from shared.live.snapshot_follower import SnapshotFollower
from shared.product_text import product_text_of
from shared.rpc.server import Server
from shared.snapshot.generation import snapshots_of
from shared.snapshot.scratch import Scratch, scratch_root
from shared.watchdog import watching

_LOG = logging.getLogger(__name__)
_COUNTING_SECONDS = 1.0  # longest wait of a start for the counting of shoppers' actions


class Standalone:
    """All parts of one data folder. Made by `Standalone.open`."""

    def __init__(self, data: Path, bundle: str, log: SqliteEventLog, counted: Counted) -> None:
        # Before anything is opened
        signatures = Signatures(SecretFile(data / "secret").current)
        self._root, self._log = snapshots_of(data), log
        self._config, self._retrieval_config = load(GatewayConfig), load(RetrievalConfig)
        self._encoders = Encoders(serving_config(data, bundle), data)
        self._indexing = CatalogFollower(data, log, self._encoders, product_text_of, load(IndexingConfig))
        self._snapshots = Snapshots()
        self._scratch = Scratch(scratch_root(self._retrieval_config.scratch, data))
        self.features = LocalFeatures(data, log, counted)
        self.learning = LocalLearning(data)
        self.reranking = LocalReranking(data, bundle, self.features.store, self.learning)
        # The reranker first, so that every snapshot that retrieval serves can be reranked.
        opens = (self.reranking.bundles.open, self._open_snapshot)
        self._follower = SnapshotFollower(log, self._root, opens, self._retrieval_config.refresh_seconds)
        self.tables = LocalJoin(data, log)
        saved = Slowest(counted, self.tables) if self.tables.is_on else counted
        self._retention = LogRetention(log, data / LOG, self._root, saved, load(LogConfig))
        retrieval = retrieval_service(self._snapshots, self._retrieval_config, data, self.learning.memory)
        services = EmbeddingService(self._encoders), retrieval, self.reranking.service
        self.search = SearchService(*services, log, self._config, signatures)
        self.recommend = RecommendService(retrieval, self.reranking.service, self.search.parts)
        self.catalog = CatalogService(log, retrieval)
        self.events = EventService(log, signatures)
        self.admin = AdminService(self, self.search.counts, self.recommend.counts, self.tables.counts)
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        data: Path,
        port: int = 0,
        bundle: str = "",
        host: str = LOOPBACK,
        accept_log: bool = False,
    ) -> AsyncIterator[Standalone]:
        """Serve DATA's newest snapshot, and later writes, until the block ends; port 0: a free one.

        Raises NotFound if DATA is no folder, Corrupt if no snapshot in it is sound, LogBehind if
        the log does not belong to DATA. With `accept_log` it accepts such a log.
        """
        if not data.is_dir():
            remedy = f"make one with 'aisle index CATALOG --data {data}'"
            raise NotFound(f"{data}: there is no such data folder; {remedy}")
        owner_only.data_folder(data)
        counted = Counted()
        log = SqliteEventLog(data / LOG, keeper=counted)
        try:
            await _prepare(data, log, bundle, accept_log)
            engine = cls(data, bundle, log, counted)
            try:
                await engine._start()
                async with engine._serving(data, port, host):
                    yield engine
            finally:
                await engine._close()
        finally:
            await log.close()

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
        engines = {f"encoder_{side}": name for side, name in self._encoders.get().encoder.engines.items()}
        reranker = self.reranking.newest
        if reranker and reranker.block:
            engines["reranker"] = reranker.block.scorer.engine
        try:
            snapshot = self._snapshots.get()
        except Unavailable:  # the only one is being opened again
            return Status(engines=engines)
        return Status(
            snapshot_version=snapshot.version,
            product_count=snapshot.shown_count,
            bundle_version=reranker.bundle_version if reranker else "",
            engines={**engines, "dense": snapshot.dense.kind},
            pending_writes=max(0, await self._log.end_offset(CATALOG) - snapshot.log_position),
            dead_letter_count=await self._log.end_offset(DEAD_LETTERS),
            waiting_for=await self.features.waiting_for() or self.tables.trouble or self.learning.trouble,
            left_out=self.features.left_out(),
        )

    async def describe(self) -> GetStatusResponse:
        """The status as AdminService reports it."""
        return await self.admin.GetStatus(GetStatusRequest())

    async def take_up(self) -> None:
        """Switch to the newest memories and bundle now, not at the next look."""
        await self.learning.look()
        await self.reranking.bundles.look()

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
        self._encoders.close()
        self.reranking.close()
        self._scratch.close()

    async def _open(self) -> None:
        await asyncio.to_thread(self._encoders.refresh)
        await asyncio.gather(self._open_newest(), self._indexing.warm())

    async def _open_newest(self) -> None:
        try:
            await self._indexing.move_over()
        except AisleError as error:
            # Sound snapshots serve; the follower logs it if there is none
            _LOG.error("catalogue writes wait: %s", error)
        await self._follower.start()

    def _open_snapshot(self, version: str) -> FollowedSnapshot:
        """Open a snapshot for which queries can be encoded.

        If the encoder is missing, the indexer encodes the products again.
        """
        self._encoders.refresh()
        encoder = Encoders.encoder_of(self._root / version)
        if encoder not in self._encoders.all():
            raise NotFound(
                f"the weights or the bundle of {encoder} are missing; its products are encoded again"
            )
        return FollowedSnapshot(self._root / version, self._scratch.folder, self._snapshots)

    def _background(self) -> list[asyncio.Task[None]]:
        """Follow the events, the catalogue writes, and new snapshots and bundles of other
        processes.
        """
        seconds = self.reranking.refresh_seconds
        published = (
            self._follower.run(),
            self.reranking.bundles.follow(seconds),
            self._encoders.follow(seconds),
            self.learning.run(seconds),
        )
        return [
            asyncio.create_task(each)
            for each in (
                self.features.run(),
                self.tables.run(),
                self._retention.run(),
                self._indexing.run(),
                *published,
            )
        ]


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
