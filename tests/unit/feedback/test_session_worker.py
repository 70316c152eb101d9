import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protos.events_pb2 import UserEvent
from services.feedback.service import parse
from services.feedback.worker import SessionWorker
from shared.errors import Unavailable
from shared.events.log import DEAD_LETTERS, USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.features.memory import MemoryFeatureStore
from shared.features.store import VisitorState


def click(product_id: str, visitor_id: str = "v1") -> NewRecord:
    event = UserEvent(action="click", visitor_id=visitor_id)
    event.event_time.GetCurrentTime()
    event.products.add(product_id=product_id)
    return NewRecord(visitor_id, event.SerializeToString())


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    opened = SqliteEventLog(tmp_path / "log.sqlite")
    yield opened
    await opened.close()


async def recent(store: MemoryFeatureStore) -> list[str]:
    return list((await store.visitor("v1")).weights_at(time.time()))


async def test_a_click_is_known_within_100_ms_of_its_acknowledgement(log: SqliteEventLog) -> None:
    store = MemoryFeatureStore()
    running = asyncio.create_task(SessionWorker(log, store, parse).run())
    await asyncio.sleep(0.05)
    for number in range(5):
        await log.append(USER_EVENTS, [click(f"p{number}")])
        async with asyncio.timeout(0.1):
            while f"p{number}" not in await recent(store):
                await asyncio.sleep(0.001)
    running.cancel()


async def test_a_new_worker_rebuilds_the_store_from_the_log(log: SqliteEventLog) -> None:
    await log.append(USER_EVENTS, [click("p1"), click("p2"), click("p3", visitor_id="v2")])
    store = MemoryFeatureStore()
    worker = SessionWorker(log, store, parse)
    await worker.catch_up()
    assert await recent(store) == ["p2", "p1"]
    assert worker.position == await log.end_offset(USER_EVENTS)


async def test_catching_up_twice_applies_once(log: SqliteEventLog) -> None:
    await log.append(USER_EVENTS, [click("p1")])
    store = MemoryFeatureStore()
    worker = SessionWorker(log, store, parse)
    await worker.catch_up()
    await worker.catch_up()
    assert (await store.visitor("v1")).recent[0].weight == 1.0


async def test_a_record_nobody_can_read_is_put_aside_once_and_the_next_is_applied(log: SqliteEventLog) -> None:
    await log.append(USER_EVENTS, [NewRecord("v1", b"\xff\xff not a message"), click("p1")])
    for _ in range(2):  # a restart reads it again
        store = MemoryFeatureStore()
        await SessionWorker(log, store, parse).catch_up()
    assert await recent(store) == ["p1"]
    assert [letter.key for letter in await log.read(DEAD_LETTERS, 0)] == ["aisle.user-events:1"]


class BrokenOnce(MemoryFeatureStore):
    broken = True

    async def put_visitor(self, visitor_id: str, state: VisitorState) -> None:
        if self.broken:
            self.broken = False
            raise Unavailable("down")
        await super().put_visitor(visitor_id, state)


async def test_a_store_that_was_down_misses_nothing_and_counts_nothing_twice(
    log: SqliteEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.feedback.worker._RETRY_SECONDS", 0.01)
    store = BrokenOnce()
    await log.append(USER_EVENTS, [click("p1"), click("p1")])
    running = asyncio.create_task(SessionWorker(log, store, parse).run())
    async with asyncio.timeout(2):
        while not (await store.visitor("v1")).recent or (await store.visitor("v1")).recent[0].weight < 1.99:
            await asyncio.sleep(0.005)
    running.cancel()
    assert (await store.visitor("v1")).recent[0].weight == pytest.approx(2.0, abs=1e-3)
