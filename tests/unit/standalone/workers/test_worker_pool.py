"""Which process makes a page, and what becomes of one that a worker loses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.worker_pb2 import ImpressionRecord, MakePageRequest, MakePageResponse
from services.gateway.search.budget import Budget
from services.gateway.search.page_workers import PageCall
from services.standalone.workers.connection import Ended
from services.standalone.workers.worker_pool import WorkerPool
from shared.errors import AisleError, InvalidRequest, Overloaded, Unavailable
from shared.events.log import NewRecord


@dataclass
class Worker:
    """A PageWorker without a process."""

    running: int = 0
    position: int = 0  # up to which it shows writes; -1: it is not ready
    error: Exception | None = None
    asked: list[MakePageRequest] = field(default_factory=list)

    def shows(self, log_position: int) -> bool:
        return self.position >= log_position

    async def make(self, request: MakePageRequest, left_seconds: float) -> MakePageResponse:
        self.asked.append(request)
        if self.error:
            raise self.error
        page = SearchResponse(query_id=f"q{id(self)}", next_page_token="next")
        shown = ImpressionRecord(key="v", value=b"shown", event_id="e")
        return MakePageResponse(page=page, impressions=[shown])


class Impressions:
    """Takes the records that wait for the log."""

    def __init__(self) -> None:
        self.records: list[NewRecord] = []

    def add(self, record: Callable[[], NewRecord]) -> None:
        self.records.append(record())


def _pool(*workers: Worker) -> tuple[WorkerPool, Impressions]:
    impressions: Any = Impressions()
    pages: Any = list(workers)
    return WorkerPool(pages, impressions), impressions


def _call(query_id: str = "") -> PageCall:
    return PageCall(query_id, Budget(1_000, 200), "10.0.0.1")


async def test_while_no_worker_is_ready_the_first_process_makes_pages() -> None:
    worker = Worker(position=-1)
    pool, _ = _pool(worker)
    assert await pool.page(SearchRequest(query="lamp"), _call()) is None
    worker.position = 0
    assert await pool.page(SearchRequest(query="lamp"), _call()) is not None


async def test_pages_go_to_the_worker_with_the_fewest_pages_and_are_logged_here() -> None:
    busy, free = Worker(running=2), Worker(running=1)
    pool, impressions = _pool(busy, free)
    page = await pool.page(SearchRequest(query="lamp"), _call())
    assert page is not None and page.query_id == f"q{id(free)}" and not busy.asked
    assert impressions.records == [NewRecord("v", b"shown", "e")]
    assert pool.counts == {"workers.pages": 1}
    (request,) = free.asked
    assert request.search.query == "lamp" and request.peer == "10.0.0.1"
    assert 0.2 <= time.monotonic() - request.began_at_seconds < 60


async def test_a_query_has_a_worker_of_its_own_while_that_has_no_more_pages_than_others() -> None:
    workers = Worker(), Worker(), Worker()
    pool, _ = _pool(*workers)
    for number in range(60):
        await pool.page(SearchRequest(query=f"lamp {number % 20}"), _call())
    asked = [{request.search.query for request in worker.asked} for worker in workers]
    assert all(asked) and sum(map(len, asked)) == 20
    holder = next(worker for worker in workers if worker.asked[0].search.query == "lamp 0")
    holder.running = 1
    before = len(holder.asked)
    await pool.page(SearchRequest(query="lamp 0"), _call())
    assert len(holder.asked) == before


async def test_recommendations_are_handed_on_as_such() -> None:
    worker = Worker()
    pool, _ = _pool(worker)
    await pool.page(RecommendRequest(placement="popular"), _call())
    assert worker.asked[0].recommend.placement == "popular"


async def test_a_worker_that_does_not_show_a_write_yet_gets_no_page_that_waits_for_it() -> None:
    behind, there = Worker(position=4), Worker(running=5, position=5)
    pool, _ = _pool(behind, there, Worker(position=-1))
    assert await pool.page(SearchRequest(wait_for_visible=5), _call()) is not None
    assert there.asked and not behind.asked
    assert await pool.page(SearchRequest(wait_for_visible=6), _call()) is None


async def test_a_later_page_goes_where_its_window_is() -> None:
    holder, other = Worker(), Worker(running=1)
    pool, _ = _pool(holder, other)
    first = await pool.page(SearchRequest(), _call())
    assert first is not None
    holder.running = 9
    await pool.page(SearchRequest(page_token="next"), _call(query_id=first.query_id))
    assert len(holder.asked) == 2
    assert await pool.page(SearchRequest(page_token="next"), _call(query_id="of the first process")) is None
    holder.position = -1
    assert await pool.page(SearchRequest(page_token="next"), _call(query_id=first.query_id)) is None
    assert not other.asked


@pytest.mark.parametrize("error", [Ended("the other process has ended"), TimeoutError()])
async def test_a_page_that_a_worker_loses_is_made_here(error: Exception) -> None:
    pool, impressions = _pool(Worker(error=error))
    assert await pool.page(SearchRequest(), _call()) is None
    assert pool.counts == {"workers.lost": 1} and not impressions.records


@pytest.mark.parametrize(
    "error",
    [InvalidRequest("query", "is too long"), Unavailable("retrieval: deadline"), Overloaded("2 pages wait")],
)
async def test_an_error_that_a_worker_answers_is_the_pages_own(error: AisleError) -> None:
    """Made again here, a page that was late would be later, and keep other callers from this process."""
    pool, _ = _pool(Worker(error=error))
    with pytest.raises(type(error), match=str(error)):
        await pool.page(SearchRequest(), _call())
    assert not pool.counts
