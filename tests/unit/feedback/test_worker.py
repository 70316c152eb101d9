import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from aisle.v1.feedback_pb2 import GetProgressRequest
from services.feedback.service import FeedbackService, observation, replica_status
from services.feedback.worker import Worker
from shared.errors import Unavailable
from shared.events import dead_letters
from shared.events.log import DEAD_LETTERS, SEARCH_LOGS, USER_EVENTS, Consumer, NewRecord, Record
from shared.features.memory import MemoryFeatureStore
from shared.features.page import read_page
from shared.features.scope import PageRequest
from shared.features.visitor import VisitorState
from shared.time_slice import TimeSlice
from tests.unit.feedback.memory_log import MemoryConsumer, MemoryEventLog
from tests.unit.feedback.named_store import NamedStore
from tests.unit.feedback.observations import event, page


async def visitor(store: MemoryFeatureStore, visitor_id: str = "v1") -> VisitorState:
    return (await read_page(store, PageRequest((), visitor_id=visitor_id), time.time())).visitor()


async def recent(store: MemoryFeatureStore, visitor_id: str = "v1") -> list[str]:
    return list((await visitor(store, visitor_id)).weights_at(time.time()))


async def opens(store: MemoryFeatureStore, product_id: str, query: str = "") -> float:
    """How often the product was opened today, in all or under the query."""
    columns = (await read_page(store, PageRequest((product_id,), query), time.time())).columns(
        least_visitors=1
    )
    return math.expm1(float(columns["query_opens_7d" if query else "product_opens_7d"][0]))


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_was_done_and_shown_is_known_after_catching_up() -> None:
    log, store = MemoryEventLog(), MemoryFeatureStore()
    await log.append(SEARCH_LOGS, [page("p1", "p2", query="Red shoe")])
    await log.append(
        USER_EVENTS, [event("click", "p1", query="red  SHOE"), event("click", "p3", visitor_id="v2")]
    )
    worker = Worker(log, store, observation)
    await worker.catch_up()
    assert (await recent(store), await recent(store, "v2")) == (["p1"], ["p3"])
    assert await opens(store, "p1", "red shoe") == pytest.approx(1)
    assert await opens(store, "p3") == pytest.approx(1)
    assert (worker.progress.applied_count, worker.progress.behind_seconds()) == (3, 0)


async def test_a_click_is_known_within_100_ms_of_its_acknowledgement() -> None:
    log, store = MemoryEventLog(), MemoryFeatureStore()
    async with running(Worker(WaitingLog(log), store, observation)):
        await asyncio.sleep(0.05)
        for number in range(5):
            await log.append(USER_EVENTS, [event("click", f"p{number}")])
            async with asyncio.timeout(0.1):
                while f"p{number}" not in await recent(store):
                    await asyncio.sleep(0.001)


async def test_an_event_that_was_sent_twice_counts_once() -> None:
    log, store = MemoryEventLog(), MemoryFeatureStore()
    await log.append(USER_EVENTS, [event("click", "p1", event_id="e1")] * 2)
    worker = Worker(log, store, observation)
    await worker.catch_up()
    assert await opens(store, "p1") == pytest.approx(1)
    assert (worker.progress.applied_count, worker.progress.duplicate_count) == (1, 1)


async def test_a_record_nobody_can_read_is_put_aside_and_the_next_is_applied() -> None:
    log, store = MemoryEventLog(partitions=1), MemoryFeatureStore()
    await log.append(USER_EVENTS, [NewRecord("v1", b"\xff\xff not a message"), event("click", "p1")])
    worker = Worker(log, store, observation)
    await worker.catch_up()
    assert await recent(store) == ["p1"]
    (letter,) = log.all(DEAD_LETTERS)
    assert letter.key == "aisle.user-events:0:1"
    found = dead_letters.from_record(letter)
    assert (found.key, found.position, found.value) == ("v1", 1, b"\xff\xff not a message")
    assert found.reason
    assert letter.event_id == letter.key  # so that a log that knows its ids takes it once
    assert worker.progress.dead_letter_count == 1


async def test_a_store_that_was_down_misses_nothing_and_counts_nothing_twice() -> None:
    log, store = MemoryEventLog(), NamedStore()
    store.down = 3
    await log.append(
        USER_EVENTS,
        [event("click", "p1"), event("click", "p1", visitor_id="v3"), event("click", "p2", visitor_id="v2")],
    )
    worker = Worker(log, store, observation)
    await worker.catch_up()
    assert [await opens(store, product_id) for product_id in ("p1", "p2")] == pytest.approx([2, 1])
    assert worker.progress.waiting_for == ""


async def test_what_is_down_is_named_while_it_is_waited_for() -> None:
    log, store = MemoryEventLog(), NamedStore()
    store.down = 10_000
    worker = Worker(log, store, observation)
    await log.append(USER_EVENTS, [event("click", "p1")])
    async with running(worker):
        async with asyncio.timeout(1):
            while worker.progress.waiting_for != "the store is down":
                await asyncio.sleep(0.005)
        store.down = 0
        async with asyncio.timeout(3):
            while worker.progress.waiting_for or not await recent(store):
                await asyncio.sleep(0.005)


async def test_a_new_worker_goes_on_where_the_last_has_committed() -> None:
    log, store = MemoryEventLog(), NamedStore()
    await log.append(USER_EVENTS, [event("click", "p1")])
    await Worker(log, store, observation).catch_up()
    await log.append(USER_EVENTS, [event("click", "p2")])
    second = Worker(log, store, observation)
    await second.catch_up()
    assert second.progress.applied_count == 1
    assert await recent(store) == ["p2", "p1"]


async def test_a_log_that_hands_out_nothing_of_what_it_holds_is_told_until_it_does() -> None:
    log, store = MemoryEventLog(), MemoryFeatureStore()
    worker = Worker(log, store, observation)
    log.waiting_for = "the consumer of t is behind by 2 records"
    await worker.catch_up()
    answer = await FeedbackService(worker.progress).GetProgress(GetProgressRequest())
    assert (
        answer.waiting_for
        == replica_status(worker.progress).waiting_for
        == "the consumer of t is behind by 2 records"
    )
    log.waiting_for = ""
    await worker.catch_up()
    assert replica_status(worker.progress).waiting_for == ""


async def test_another_generation_is_filled_from_the_start_of_the_log() -> None:
    log, store = MemoryEventLog(), NamedStore()
    await log.append(USER_EVENTS, [event("click", "p1")])
    worker = Worker(log, store, observation)
    await worker.catch_up()
    store.name = "g2"
    await store.forget("g1")
    await worker.catch_up()
    assert await recent(store) == ["p1"]
    assert worker.progress.generation == "g2"
    assert set(log.committed) == {"aisle-feedback-g1", "aisle-feedback-g2"}


class WaitingLog(MemoryEventLog):
    """Its consumers wait for records."""

    def __init__(self, log: MemoryEventLog) -> None:
        super().__init__(log._partitions)
        self.records, self.committed = log.records, log.committed

    async def consumer(self, topics: Sequence[str], group: str = "") -> Consumer:
        return WaitingConsumer(self, topics, {})


class WaitingConsumer(MemoryConsumer):
    async def poll(self, timeout_seconds: float, limit: int = 1_000) -> list[Record]:
        until = time.monotonic() + timeout_seconds
        while not (records := await super().poll(0, limit)) and time.monotonic() < until:
            await asyncio.sleep(0.002)
        return records


class ForgetfulConsumer(MemoryConsumer):
    """Does not take commits."""

    async def commit(self, records: Iterable[Record]) -> None:
        raise Unavailable("the group has moved on")


async def test_a_commit_that_fails_holds_nothing_up_and_what_comes_again_changes_nothing() -> None:
    log, store = MemoryEventLog(), NamedStore()

    async def consumer(topics: Sequence[str], group: str = "") -> Consumer:
        return ForgetfulConsumer(log, topics, {})

    log.consumer = consumer  # type: ignore[method-assign]
    await log.append(USER_EVENTS, [event("click", "p1")])
    for _ in range(2):
        await Worker(log, store, observation).catch_up()
    assert await opens(store, "p1") == pytest.approx(1)


async def test_a_defect_is_reported_and_the_log_followed_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("services.feedback.worker._AFTER_DEFECT_SECONDS", 0.01)
    log, store = MemoryEventLog(), NamedStore()
    await log.append(USER_EVENTS, [event("click", "p1")])
    failures = [ZeroDivisionError("oh")]

    def read(record: Record) -> object:
        if failures:
            raise failures.pop()
        return observation(record)

    async with running(Worker(log, store, read)):  # type: ignore[arg-type]
        async with asyncio.timeout(2):
            while not await recent(store):
                await asyncio.sleep(0.005)
    assert "ZeroDivisionError" in caplog.text


async def test_pages_have_their_turn_between_any_two_steps_of_a_batch() -> None:
    log, store, turns = MemoryEventLog(partitions=1), MemoryFeatureStore(), 0
    names = [f"p{number}" for number in range(100)]
    await log.append(USER_EVENTS, [event("click", *names, query="shoe") for _ in range(20)])

    async def page() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(page())
    worker = Worker(log, store, observation)
    worker.time_slice = TimeSlice(slice_seconds=0.0)
    await worker.catch_up()
    task.cancel()
    steps_of_a_record = 3  # reading, the visitor's value, and the counters of its keys
    assert turns > 20 * steps_of_a_record + len(names)
