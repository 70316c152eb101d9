import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from aisle.v1.events_pb2 import Impression
from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join
from services.feedback.join.paths import ready_beside, settle
from services.feedback.join.rebuild import rebuild
from services.feedback.join.tables import Tables
from services.feedback.join.worker import JoinWorker
from services.feedback.service import joinable
from shared.errors import NotFound, Unavailable
from shared.events.log import CO_PARTITIONED, SEARCH_LOGS, USER_EVENTS, Consumer, NewRecord
from tests.unit.feedback.join.scene import files, rows
from tests.unit.feedback.memory_log import MemoryEventLog
from tests.unit.feedback.observations import event, page


@pytest.fixture
def log() -> MemoryEventLog:
    return MemoryEventLog()


def worker_of(log: MemoryEventLog, root: Path) -> JoinWorker:
    return JoinWorker(log, root, joinable, JoinConfig())


@pytest.fixture
async def worker(log: MemoryEventLog, tmp_path: Path) -> AsyncIterator[JoinWorker]:
    made = worker_of(log, tmp_path / "tables")
    yield made
    await made.close()


def searched(new: NewRecord) -> str:
    return Impression.FromString(new.value or b"").query_id


async def test_pages_and_events_of_the_log_become_tables(
    log: MemoryEventLog, worker: JoinWorker, tmp_path: Path
) -> None:
    await log.append(SEARCH_LOGS, [page("p1", "p2", query="lamp")])
    await log.append(USER_EVENTS, [event("click", "p1", from_page=False)])
    assert len(await worker.step(0.0)) == 2
    assert [name.partition("/")[0] for name in await worker.export()] == [
        "impressions",
        "interactions",
        "queries",
    ]
    assert len(rows(Tables(tmp_path / "tables"))) == 2
    assert worker.counts["join.pages"] == 1
    assert worker.counts["join.no_query"] == 1


async def test_another_worker_goes_on_where_one_has_stopped(
    log: MemoryEventLog, worker: JoinWorker, tmp_path: Path
) -> None:
    await log.append(SEARCH_LOGS, [page("p1", query="lamp")])
    await worker.step(0.0)
    await worker.close()
    log.committed.clear()  # the group is forgotten, so all records are redelivered
    other = worker_of(log, tmp_path / "tables")
    assert len(await other.step(0.0)) == 1
    await other.export()
    assert other.counts["join.pages"] == 1
    await other.close()


async def test_a_folder_that_another_process_has_is_said_and_tried_again(
    log: MemoryEventLog, worker: JoinWorker, tmp_path: Path
) -> None:
    join = Join(tmp_path / "tables", joinable)
    task = asyncio.create_task(worker.run())
    while not worker.trouble:
        await asyncio.sleep(0.01)
    assert "join.sqlite is in use by process" in worker.trouble
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    join.close()
    await worker.step(0.0)


async def test_a_new_folder_reads_the_log_from_its_start(log: MemoryEventLog, tmp_path: Path) -> None:
    await log.append(SEARCH_LOGS, [page("p1", query="lamp")])
    for folder in ("one", "other"):
        worker = worker_of(log, tmp_path / folder)
        assert len(await worker.step(0.0)) == 1
        await worker.close()


async def _consumer(log: MemoryEventLog, join: Join) -> Consumer:
    return await log.consumer(CO_PARTITIONED, join.group)


async def test_tables_made_anew_are_the_same(log: MemoryEventLog, worker: JoinWorker, tmp_path: Path) -> None:
    await log.append(SEARCH_LOGS, [page("p1", query="lamp"), page("p2", query="chair", visitor_id="v2")])
    await worker.step(0.0)
    await worker.export()
    before = files(tmp_path / "tables")
    with pytest.raises(Unavailable, match="in use"):
        await rebuild(tmp_path / "tables", joinable, JoinConfig(), lambda join: _consumer(log, join))
    await worker.close()
    done = await rebuild(tmp_path / "tables", joinable, JoinConfig(), lambda join: _consumer(log, join))
    assert (done.record_count, done.kept_days) == (2, 0)
    assert files(tmp_path / "tables") == before
    assert [each.name for each in tmp_path.iterdir()] == ["tables"]


async def test_days_that_the_log_has_lost_are_kept(
    log: MemoryEventLog, worker: JoinWorker, tmp_path: Path
) -> None:
    for _ in range(3):
        await log.append(SEARCH_LOGS, [page("p1", query="lamp")])
    await worker.step(0.0)
    await worker.export()
    await worker.close()
    before = files(tmp_path / "tables")
    for place in log.records:
        log.records[place] = log.records[place][1:]
    done = await rebuild(tmp_path / "tables", joinable, JoinConfig(), lambda join: _consumer(log, join))
    assert done.kept_days == 1
    assert {name: files(tmp_path / "tables")[name] for name in before if "day=" in name} == {
        name: content for name, content in before.items() if "day=" in name
    }


async def test_a_log_without_records_leaves_the_tables(log: MemoryEventLog, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="the tables are unchanged"):
        await rebuild(tmp_path / "tables", joinable, JoinConfig(), lambda join: _consumer(log, join))


def test_new_tables_that_are_ready_take_their_place_after_a_kill(tmp_path: Path) -> None:
    root = tmp_path / "tables"
    root.mkdir()
    ready = ready_beside(root)
    ready.mkdir()
    (ready / "new").touch()
    settle(root)
    settle(root)
    assert [each.name for each in root.iterdir()] == ["new"]
    assert [each.name for each in tmp_path.iterdir()] == ["tables"]


async def test_a_folder_that_is_being_opened_is_let_go_of_too(worker: JoinWorker, tmp_path: Path) -> None:
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await worker.close()
    Join(tmp_path / "tables", joinable).close()
