"""The whole engine in one process: the same services, handed to each other where stubs would go."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from protos.admin_pb2 import GetStatusRequest, GetStatusResponse
from services.embedding.batching import QueryBatcher
from services.embedding.encoder import TextEncoder
from services.embedding.hash_encoder import HashEncoder
from services.embedding.indexing.indexer import Indexer
from services.embedding.opening import batch_limits, open_encoder
from services.embedding.service import EmbeddingService
from services.feedback.service import parse
from services.feedback.worker import SessionWorker
from services.gateway.admin_service import AdminService
from services.gateway.catalog_service import CatalogService
from services.gateway.catalog_view import LogCatalogView
from services.gateway.config import GatewayConfig
from services.gateway.doors import doors
from services.gateway.event_service import EventService
from services.gateway.ports import Status
from services.gateway.search_service import SearchService
from services.reranker.config import RerankerConfig
from services.reranker.lane import Lane
from services.reranker.opening import newest
from services.reranker.service import RerankerService
from services.retrieval.config import RetrievalConfig
from services.retrieval.retriever import Retriever
from services.retrieval.service import RetrievalService
from services.standalone.catalog_writes import Writes, follow_writes
from services.standalone.indexing import encoder_config, product_text_of
from services.standalone.served import Served
from shared.config import load
from shared.errors import AisleError, NotFound, SnapshotGone
from shared.events.log import CATALOG, EventLog
from shared.events.sqlite import SqliteEventLog
from shared.features.memory import MemoryFeatureStore
from shared.rpc import Server
from shared.snapshot.generation import current_generation, open_generation, snapshots_of

_LOGGER = logging.getLogger(__name__)


class Engine:
    """Everything of one data folder; made by `Engine.open`."""

    def __init__(self, data: Path, bundle: str, log: EventLog) -> None:
        self._data, self._log = data, log
        self._config, self._retrieval_config = load(GatewayConfig), load(RetrievalConfig)
        reranker_config = load(RerankerConfig)
        self._encoder, self._indexer = _encoder_and_indexer(data, bundle)
        self._served = Served(data, reranker_config, bundle)
        self._batcher = QueryBatcher(self._encoder, batch_limits(encoder_config(data, bundle)))
        self._lane = Lane(reranker_config.workers, reranker_config.max_waiting)
        self._features = MemoryFeatureStore()
        self._sessions = SessionWorker(log, self._features, parse)
        self.search = self._search()
        self.catalog = CatalogService(log, LogCatalogView(log, self._served))
        self.events = EventService(log)
        self.admin = AdminService(self)
        self.port = 0
        self._seen: tuple[str | None, str | None] = (None, None)  # names of snapshot and bundle

    @classmethod
    @asynccontextmanager
    async def open(cls, data: Path, port: int = 0, bundle: str = "", host: str = "[::]") -> AsyncIterator["Engine"]:
        """Serve DATA's newest snapshot on `port` (0: a free one) until the block ends.

        Raises NotFound when DATA is no folder, Corrupt when no snapshot in it is whole.
        """
        if not data.is_dir():
            raise NotFound(f"{data}: there is no such data folder; make one with 'aisle index CATALOG --data {data}'")
        log = SqliteEventLog(data / "log.sqlite")
        try:
            engine = cls(data, bundle, log)
            await engine._start()
            server = Server(doors(engine.search, engine.catalog, engine.events, engine.admin), port, host)
            engine.port = server.port
            await server.start()
            tasks = engine._background()
            try:
                yield engine
            finally:
                await server.stop()
                await _cancel(tasks)
                await engine.search.close()
        finally:
            await log.close()

    def _search(self) -> SearchService:
        embedding = EmbeddingService(self._batcher, self._encoder.identity.version)
        retriever = Retriever(self._retrieval_config.leg_limit, self._retrieval_config.dense_floor)
        retrieval = RetrievalService(self._served.snapshots, retriever, self._retrieval_config.correct_spelling)
        reranker = RerankerService(self._served.rerankers, self._lane)
        return SearchService(embedding, retrieval, reranker, self._features, self._log, self._config)

    async def status(self) -> Status:
        """What is served; a StatusSource."""
        served = self._served
        engines = {f"encoder_{side}": name for side, name in self._encoder.engines.items()}
        if served.reranker and served.reranker.block:
            engines["reranker"] = served.reranker.block.scorer.engine
        if served.dense_kind:
            engines["dense"] = served.dense_kind
        return Status(
            snapshot_version=served.snapshot.version if served.snapshot else "",
            product_count=len(served.snapshot.products) if served.snapshot else 0,
            bundle_version=served.reranker.bundle_version if served.reranker else "",
            engines=engines,
            pending_writes=max(0, await self._log.end_offset(CATALOG) - served.log_position),
        )

    async def describe(self) -> GetStatusResponse:
        """The status as AdminService has it."""
        return await self.admin.GetStatus(GetStatusRequest())

    async def _start(self) -> None:
        """Be ready for the first page: models warm, the newest snapshot open, the visitors' states rebuilt."""
        await asyncio.gather(asyncio.to_thread(self._open), self._sessions.catch_up())

    def _open(self) -> None:
        self._encoder.encode_queries(["warm"])
        self._fit_snapshot()
        self._served.open_newest()
        self._seen = newest(self._data)

    def _fit_snapshot(self) -> None:
        """Encode the products again when another encoder, or other heads, made the newest snapshot."""
        try:
            old = current_generation(self._data, verify=False)
        except AisleError:
            return  # open_newest says what is wrong and falls back
        if old and not self._indexer.fits(old):
            _LOGGER.warning("the snapshot was made with another encoder or other heads; encoding its products again")
            self._indexer.run([])

    def _background(self) -> list["asyncio.Task[None]"]:
        following = follow_writes(self._log, lambda: self._served.log_position, self._fold)
        return [asyncio.create_task(each) for each in (self._sessions.run(), following, self._follow())]

    async def _fold(self, writes: Writes) -> None:
        """Make a snapshot with the writes, and serve it."""
        run = self._indexer.run
        await asyncio.to_thread(run, writes.upserts, writes.deletions, writes.log_position)
        await self._adopt()

    async def _follow(self) -> None:
        """Serve what another process has indexed into the same data folder, and the bundle that was promoted."""
        while True:
            await asyncio.sleep(self._retrieval_config.refresh_seconds)
            await self._adopt()

    async def _adopt(self) -> None:
        found = version, _ = newest(self._data)
        if version is None or found == self._seen:
            return
        self._seen = found
        try:
            await asyncio.to_thread(self._take_up, version)
        except (AisleError, OSError, ValueError) as error:
            _LOGGER.error("snapshot %s is not served, the one before goes on: %s", version, error)

    def _take_up(self, version: str) -> None:
        if not self._indexer.fits(open_generation(snapshots_of(self._data) / version, verify=False)):
            raise SnapshotGone("another encoder or other heads made it; start the engine again to serve it")
        self._served.open(version)
        _LOGGER.info("serving snapshot %s", version)


def _encoder_and_indexer(data: Path, bundle: str) -> tuple[TextEncoder | HashEncoder, Indexer]:
    """Indexing beside serving uses one core, so that pages keep the other."""
    encoder = open_encoder(replace(encoder_config(data, bundle), product_threads=1))
    return encoder, Indexer(data, encoder, asdict(encoder.identity), product_text_of)


async def _cancel(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
