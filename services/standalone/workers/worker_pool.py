"""The page workers of a first process: which of them makes a page, and what becomes of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from functools import partial
from pathlib import Path
from zlib import crc32

from cachetools import LRUCache

from aisle.v1.admin_pb2 import Replica
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.worker_pb2 import ImpressionRecord, MakePageRequest, MakePageResponse
from services.gateway.admission import Admission
from services.gateway.config import GatewayConfig
from services.gateway.search.impressions import Impressions
from services.gateway.search.page_parts import PageParts
from services.gateway.search.page_workers import PageCall, PageRequest
from services.standalone.workers.connection import Ended
from services.standalone.workers.page_worker import PageWorker
from services.standalone.workers.remote_features import features_of
from services.standalone.workers.worker_process import WorkerProcess
from shared.events.log import NewRecord
from shared.features.store import FeatureStore

_AT_ONCE = 2  # pages a worker: one computes while the other waits for the interpreter
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
    def open(cls, data: Path, bundle: str, count: int, store: FeatureStore, parts: PageParts) -> WorkerPool:
        """So many workers for `parts`. They start once `run` runs."""
        assert isinstance(parts.impressions, Impressions)
        settings, features = _shares(parts.config, count), features_of(store)
        processes = [WorkerProcess(data, bundle, number, settings) for number in range(1, count + 1)]
        pool = cls([PageWorker(process, features) for process in processes], parts.impressions)
        at_once = max(parts.config.max_in_flight, _AT_ONCE * count)
        parts.admission = Admission(at_once, parts.config.max_waiting)
        parts.workers = pool
        return pool

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

        A worker that has ended, or answers nothing, costs no page: it is made here. A page that a
        worker could not make in time is not, since there is less time, and more to do, here.
        """
        worker = self._chosen(request, call)
        if worker is None:
            return None
        try:
            made = await worker.make(_message(request, call), call.budget.left_ms() / 1e3)
        except (Ended, TimeoutError):
            self.counts["workers.lost"] += 1
            return None
        return self._taken(made, worker)

    def _taken(self, made: MakePageResponse, worker: PageWorker) -> SearchResponse:
        self.counts["workers.pages"] += 1
        for record in made.impressions:
            self._impressions.add(partial(_record, record))
        if made.page.next_page_token:
            self._holders[made.page.query_id] = worker
        return made.page

    def _chosen(self, request: PageRequest, call: PageCall) -> PageWorker | None:
        """The worker that makes a page. None: the first process.

        The first one only answers, so that it does so at once, while a worker is ready. A later page
        is made where its window is, and one that waits for a write where that is shown. Of workers
        with equally few pages, a query has its own: what was computed for it is cached there.
        """
        log_position = request.wait_for_visible
        if call.query_id:
            holder = self._holders.get(call.query_id)
            return holder if holder and holder.shows(log_position) else None
        ready = [worker for worker in self._workers if worker.shows(log_position)]
        query = request.query if isinstance(request, SearchRequest) else ""
        first = crc32(query.encode()) % max(len(ready), 1)
        return min(ready[first:] + ready[:first], key=lambda worker: worker.running, default=None)


def _shares(config: GatewayConfig, count: int) -> dict[str, str]:
    """Settings of one of so many workers: its share of the ranked windows."""
    return {
        "AISLE_GATEWAY_MAX_WINDOWS": str(max(1, config.max_windows // count)),
        "AISLE_GATEWAY_MAX_WINDOW_BYTES": str(max(1, config.max_window_bytes // count)),
    }


def _message(request: PageRequest, call: PageCall) -> MakePageRequest:
    began = time.monotonic() - call.budget.elapsed_ms() / 1e3
    if isinstance(request, SearchRequest):
        return MakePageRequest(search=request, began_at_seconds=began, peer=call.peer)
    return MakePageRequest(recommend=request, began_at_seconds=began, peer=call.peer)


def _record(record: ImpressionRecord) -> NewRecord:
    return NewRecord(record.key, record.value, record.event_id)
