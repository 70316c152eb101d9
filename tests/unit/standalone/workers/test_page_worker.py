"""A worker that answers nothing, and one that is only slow."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aisle.v1.admin_pb2 import REPLICA_STATE_SERVING, REPLICA_STATE_UNREACHABLE
from aisle.v1.search_pb2 import SearchResponse
from aisle.v1.status_pb2 import GetReplicaStatusResponse, ReplicaStatus
from aisle.v1.worker_pb2 import MakePageRequest, MakePageResponse
from services.standalone.workers.page_worker import PageWorker
from services.standalone.workers.worker_process import WorkerProcess
from shared.errors import Unavailable

READY = ReplicaStatus(snapshot_version="s1", log_position=7)


class Stub:
    """A worker's two services."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.up = True
        self.cancelled = False

    async def MakePage(self, request: MakePageRequest, timeout: float) -> MakePageResponse:
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return MakePageResponse(page=SearchResponse(query_id="q"))

    async def GetReplicaStatus(self, request: object, timeout: float) -> GetReplicaStatusResponse:
        if not self.up:
            raise Unavailable("no connection")
        return GetReplicaStatusResponse(status=READY)


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
async def worker(stub: Stub) -> Any:
    worker: Any = PageWorker(WorkerProcess(Path("data"), "", Path("/tmp"), 1, {}))
    worker._stub = stub
    assert await worker._look(stub)
    return worker


async def test_it_makes_pages_once_it_serves_a_snapshot(worker: Any, stub: Stub) -> None:
    assert worker.shows(7) and not worker.shows(8)
    assert worker.replica().state == REPLICA_STATE_SERVING
    stub.up = False
    assert not await worker._look(stub)
    assert not worker.shows(0)
    assert worker.replica().state == REPLICA_STATE_UNREACHABLE


async def test_one_that_answers_nothing_is_given_up_in_time(worker: Any, stub: Stub) -> None:
    with pytest.raises(TimeoutError):
        await worker.make(MakePageRequest(), 0.02)
    await asyncio.sleep(0)
    assert stub.cancelled and worker.running == 0
    assert not worker.shows(0)


async def test_one_that_answers_others_is_waited_for(worker: Any, stub: Stub) -> None:
    page = asyncio.create_task(worker.make(MakePageRequest(), 0.05))
    await asyncio.sleep(0)
    assert worker.running == 1
    await worker._look(stub)
    await asyncio.sleep(0.04)
    stub.answers.set()
    assert (await page).page.query_id == "q"
    assert worker.shows(0) and worker.running == 0


async def test_a_caller_that_leaves_ends_the_call(worker: Any, stub: Stub) -> None:
    page = asyncio.create_task(worker.make(MakePageRequest(), 60))
    await asyncio.sleep(0.001)
    page.cancel()
    with pytest.raises(asyncio.CancelledError):
        await page
    await asyncio.sleep(0)
    assert stub.cancelled and worker.running == 0


async def test_a_call_that_the_closed_channel_cancels_is_no_cancelled_page(worker: Any) -> None:
    class Closed:
        async def MakePage(self, request: MakePageRequest, timeout: float) -> MakePageResponse:
            raise asyncio.CancelledError

    worker._stub = Closed()
    with pytest.raises(Unavailable, match="has ended"):
        await worker.make(MakePageRequest(), 60)
