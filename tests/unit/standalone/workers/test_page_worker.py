"""A worker that answers nothing, and one that is only slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aisle.v1.admin_pb2 import REPLICA_STATE_SERVING, REPLICA_STATE_UNREACHABLE
from aisle.v1.search_pb2 import SearchResponse
from aisle.v1.status_pb2 import ReplicaStatus
from aisle.v1.worker_pb2 import MakePageRequest, MakePageResponse
from services.standalone.workers.connection import Kind
from services.standalone.workers.page_worker import PageWorker
from services.standalone.workers.worker_process import WorkerProcess
from shared.errors import Unavailable
from tests.unit.standalone.workers.pair import pair

READY = ReplicaStatus(snapshot_version="s1", log_position=7)


class Process:
    """A worker's end of the connection, which answers as it is told."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.up = True
        self.cancelled = asyncio.Event()

    async def make(self, body: bytes) -> bytes:
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return MakePageResponse(page=SearchResponse(query_id="q")).SerializeToString()

    async def describe(self, body: bytes) -> bytes:
        if not self.up:
            raise Unavailable("no snapshot yet")
        return READY.SerializeToString()


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
async def worker(process: Process) -> AsyncIterator[Any]:
    worker: Any = PageWorker(WorkerProcess(Path("data"), "", 1, {}), process.make)
    answers = {Kind.MAKE_PAGE: process.make, Kind.GET_STATUS: process.describe}
    async with pair({}, answers) as (worker._connection, _):
        assert await worker._look(worker._connection)
        yield worker


async def test_it_makes_pages_once_it_serves_a_snapshot(worker: Any, process: Process) -> None:
    assert worker.shows(7) and not worker.shows(8)
    assert worker.replica().state == REPLICA_STATE_SERVING
    process.up = False
    assert not await worker._look(worker._connection)
    assert not worker.shows(0)
    assert worker.replica().state == REPLICA_STATE_UNREACHABLE


async def test_one_that_answers_nothing_is_given_up_in_time(worker: Any, process: Process) -> None:
    with pytest.raises(TimeoutError):
        await worker.make(MakePageRequest(), 0.2)
    await asyncio.sleep(0)
    assert process.cancelled and worker.running == 0
    assert not worker.shows(0)


async def test_one_that_only_misses_a_short_deadline_goes_on_making_pages(worker: Any) -> None:
    """Or a caller with short deadlines could take all workers from the others."""
    with pytest.raises(Unavailable, match="deadline"):
        await worker.make(MakePageRequest(), 0.01)
    assert worker.shows(0) and worker.running == 0


async def test_one_whose_pages_take_longer_is_waited_for_longer(worker: Any, process: Process) -> None:
    for _ in range(20):
        page = asyncio.create_task(worker.make(MakePageRequest(), 60))
        await asyncio.sleep(0.06)
        process.answers.set()
        await page
        process.answers.clear()
    page = asyncio.create_task(worker.make(MakePageRequest(), 0.2))
    await asyncio.sleep(0.19)
    assert not page.done()
    process.answers.set()
    assert (await page).page.query_id == "q"


async def test_one_that_answers_others_is_waited_for(worker: Any, process: Process) -> None:
    page = asyncio.create_task(worker.make(MakePageRequest(), 0.3))
    await asyncio.sleep(0)
    assert worker.running == 1
    await worker._look(worker._connection)
    await asyncio.sleep(0.2)
    process.answers.set()
    assert (await page).page.query_id == "q"
    assert worker.shows(0) and worker.running == 0


async def test_a_caller_that_leaves_ends_the_call(worker: Any, process: Process) -> None:
    page = asyncio.create_task(worker.make(MakePageRequest(), 60))
    await asyncio.sleep(0.001)
    page.cancel()
    with pytest.raises(asyncio.CancelledError):
        await page
    await asyncio.sleep(0)
    assert process.cancelled and worker.running == 0


async def test_a_page_of_a_worker_that_has_ended_is_lost_at_once(worker: Any) -> None:
    worker._connection = None
    with pytest.raises(Unavailable, match="has ended"):
        await worker.make(MakePageRequest(), 60)
