"""The page workers of a first process: which of them makes a page, and what becomes of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from cachetools import LRUCache

from aisle.v1.admin_pb2 import Replica
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.worker_pb2 import ImpressionRecord, MakePageRequest, MakePageResponse
from services.gateway.admission import Admission
from services.gateway.config import GatewayConfig
from services.gateway.search.impressions import Impressions
from services.gateway.search.page_parts import PageParts
from services.gateway.search.page_workers import PageCall, PageRequest
from services.standalone.workers.features_service import features_servicer
from services.standalone.workers.page_worker import PageWorker
from services.standalone.workers.worker_process import FIRST, WorkerProcess
from shared.errors import AisleError, InvalidRequest, Unavailable
from shared.events.log import NewRecord
from shared.features.store import FeatureStore
from shared.rpc.server import Server

_AT_ONCE = 2  # pages a worker: one computes while the other waits for the interpreter
_LONGEST_FOLDER_BYTES = 90  # a socket has a path of at most 107
_HELD_WINDOWS = 100_000  # query_ids whose worker is remembered


class WorkerPool:
    """PageWorkers of one first process. Made by `WorkerPool.open`."""

    def __init__(self, workers: list[PageWorker], impressions: Impressions) -> None:
        self._workers = workers
        self._impressions = impressions
        # workers.pages: made by workers; workers.lost: made here, after a worker had failed
        self.counts: Counter[str] = Counter()
        self._holders: LRUCache[str, PageWorker] = LRUCache(_HELD_WINDOWS)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, data: Path, bundle: str, count: int, store: FeatureStore, parts: PageParts
    ) -> AsyncIterator[WorkerPool]:
        """So many workers for `parts`. They start once `run` runs."""
        folder = _sockets()
        server = Server([features_servicer(store)], 0, f"unix:{folder / FIRST}")
        try:
            await server.start()
            assert isinstance(parts.impressions, Impressions)
            settings = _shares(parts.config, count)
            numbers = range(1, count + 1)
            processes = [WorkerProcess(data, bundle, folder, number, settings) for number in numbers]
            pool = cls([PageWorker(process) for process in processes], parts.impressions)
            at_once = max(parts.config.max_in_flight, _AT_ONCE * count)
            parts.admission = Admission(at_once, parts.config.max_waiting)
            parts.workers = pool
            yield pool
        finally:
            await server.stop(grace_seconds=0)
            shutil.rmtree(folder, ignore_errors=True)

    async def run(self) -> None:
        """Keep the workers running until cancelled; then end them."""
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.run())

    def replicas(self) -> list[Replica]:
        """The workers, for the status."""
        return [worker.replica() for worker in self._workers]

    async def page(self, request: PageRequest, call: PageCall) -> SearchResponse | None:
        """See PageWorkers.

        A worker that has ended, or answers nothing, costs no page: it is made here.
        """
        worker = self._chosen(call, request.wait_for_visible)
        if worker is None:
            return None
        try:
            made = await worker.make(_message(request, call), call.budget.left_ms() / 1e3)
        except InvalidRequest:
            raise
        except (AisleError, TimeoutError):
            self.counts["workers.lost"] += 1
            return None  # if it fails here, too, the caller sees that error
        return self._taken(made, worker)

    def _taken(self, made: MakePageResponse, worker: PageWorker) -> SearchResponse:
        self.counts["workers.pages"] += 1
        for record in made.impressions:
            self._impressions.add(partial(_record, record))
        if made.page.next_page_token:
            self._holders[made.page.query_id] = worker
        return made.page

    def _chosen(self, call: PageCall, log_position: int) -> PageWorker | None:
        """The worker that makes a page. None: the first process.

        A page alone is made in the first process, which takes the least time. Otherwise the first
        one only answers, so that it does so at once. A later page is made where its window is, and
        one that waits for a write where that is shown.
        """
        if call.query_id:
            holder = self._holders.get(call.query_id)
            return holder if holder and holder.shows(log_position) else None
        ready = [worker for worker in self._workers if worker.shows(log_position)]
        if not ready or not call.others:
            return None
        return min(ready, key=lambda worker: worker.running)


def _sockets() -> Path:
    """A new folder for sockets, for its owner only. Raises Unavailable if there can be none."""
    remedy = "name a folder for temporary files in TMPDIR, or use --workers 1"
    try:
        folder = Path(tempfile.mkdtemp(prefix="aisle-"))
    except OSError as error:
        raise Unavailable(f"page workers need a folder for their sockets ({error}); {remedy}") from error
    if len(os.fsencode(folder)) > _LONGEST_FOLDER_BYTES:
        folder.rmdir()
        raise Unavailable(f"{folder}: the path is too long for the sockets of page workers; {remedy}")
    return folder


def _shares(config: GatewayConfig, count: int) -> dict[str, str]:
    """Settings of one of so many workers: its share of the ranked windows."""
    return {
        "AISLE_GATEWAY_MAX_WINDOWS": str(max(1, config.max_windows // count)),
        "AISLE_GATEWAY_MAX_WINDOW_BYTES": str(max(1, config.max_window_bytes // count)),
    }


def _message(request: PageRequest, call: PageCall) -> MakePageRequest:
    spent_ms = call.budget.elapsed_ms()
    if isinstance(request, SearchRequest):
        return MakePageRequest(search=request, spent_ms=spent_ms, peer=call.peer)
    return MakePageRequest(recommend=request, spent_ms=spent_ms, peer=call.peer)


def _record(record: ImpressionRecord) -> NewRecord:
    return NewRecord(record.key, record.value, record.event_id)
