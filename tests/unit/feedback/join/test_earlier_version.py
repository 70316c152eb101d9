"""Tables of an earlier version, which had no interactions."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from shutil import rmtree

import pytest

from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join
from services.feedback.join.rebuild import Rebuild
from services.feedback.join.staging import OlderFormat
from services.feedback.join.tables import Tables
from services.feedback.join.worker import JoinWorker
from services.feedback.service import joinable
from shared.errors import Corrupt
from shared.events.log import CO_PARTITIONED, SEARCH_LOGS, USER_EVENTS, Consumer, Record
from tests.unit.feedback.join.scene import done_rows, files, rows
from tests.unit.feedback.memory_log import MemoryConsumer, MemoryEventLog
from tests.unit.feedback.observations import event, page


@pytest.fixture
async def log() -> MemoryEventLog:
    made = MemoryEventLog(partitions=1)
    await made.append(SEARCH_LOGS, [page("p1", query="lamp"), page("p2", query="lamp")])
    for product in ("p1", "p2"):
        await made.append(USER_EVENTS, [event("click", product, from_page=False)])
    return made


@pytest.fixture
async def worker(log: MemoryEventLog, tmp_path: Path) -> AsyncIterator[JoinWorker]:
    made = JoinWorker(log, tmp_path / "tables", joinable, JoinConfig())
    made.quiet_seconds = 0.0
    yield made
    await made.close()


async def exported(worker: JoinWorker) -> None:
    await worker.step(0.0)
    await worker.export()


@pytest.fixture
async def root(log: MemoryEventLog, worker: JoinWorker, tmp_path: Path) -> Path:
    """A folder as the previous version would have left it."""
    await exported(worker)
    await worker._release()
    root = tmp_path / "tables"
    rmtree(root / "interactions")
    of_format(root, "1")
    return root


def of_format(root: Path, name: str) -> None:
    with closing(sqlite3.connect(root / "join.sqlite")) as file, file:
        file.execute("DROP TABLE IF EXISTS interaction_rows")
        file.execute("DROP TABLE IF EXISTS event_ids")
        file.execute("UPDATE meta SET value = ? WHERE name = 'format'", (name,))


async def test_the_tables_are_made_anew_from_the_log(
    root: Path, worker: JoinWorker, caplog: pytest.LogCaptureFixture
) -> None:
    before = files(root)
    caplog.set_level(logging.INFO)
    await exported(worker)
    assert f"{root} was written by an earlier version; rebuilding the tables" in caplog.text
    assert f"{root} is rebuilt from 4 records" in caplog.text
    assert [each["product_id"] for each in done_rows(Tables(root))] == ["p1", "p2"]
    assert {name: files(root)[name] for name in before} == before
    assert worker.counts["join.pages"] == 2
    caplog.clear()
    await worker._release()
    await exported(worker)
    assert not caplog.text


async def test_days_that_the_log_has_lost_keep_their_pages_and_get_the_interactions_that_it_has(
    root: Path, log: MemoryEventLog, worker: JoinWorker
) -> None:
    before = rows(Tables(root))
    for place in log.records:
        log.records[place] = log.records[place][1:]
    await exported(worker)
    assert rows(Tables(root)) == before
    assert [each["product_id"] for each in done_rows(Tables(root))] == ["p2"]


async def test_tables_of_a_log_that_is_empty_stay(
    root: Path, log: MemoryEventLog, worker: JoinWorker, caplog: pytest.LogCaptureFixture
) -> None:
    before = files(root)
    log.records.clear()
    await exported(worker)
    assert f"keeping the tables of {root}" in caplog.text
    assert files(root) == before
    await log.append(USER_EVENTS, [event("click", "p3", from_page=False)])
    await exported(worker)
    assert [each["product_id"] for each in done_rows(Tables(root))] == ["p3"]


async def test_a_log_that_grows_without_end_has_ended_when_only_recent_records_come(
    root: Path, log: MemoryEventLog, worker: JoinWorker
) -> None:
    class Growing(MemoryConsumer):
        async def poll(self, timeout_seconds: float, limit: int = 1_000) -> list[Record]:
            await log.append(USER_EVENTS, [event("view", "p9", from_page=False)])
            return await super().poll(timeout_seconds, limit)

    async def opened(join: Join) -> Consumer:
        return Growing(log, CO_PARTITIONED, {})

    with ThreadPoolExecutor(1) as thread:
        began = time.monotonic()
        rebuilt = await Rebuild(root, joinable, JoinConfig(), opened).run(thread, quiet_seconds=0.2)
    assert time.monotonic() - began >= 0.2
    assert rebuilt.record_count > 4


async def test_a_rebuild_that_is_cancelled_leaves_the_folder_as_it_was(
    root: Path, log: MemoryEventLog, worker: JoinWorker
) -> None:
    before = files(root)
    worker.quiet_seconds = 60.0
    task = asyncio.create_task(worker.run())
    building = root.with_name(".tables-new")
    while not (building / "join.sqlite").exists():
        await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await worker.close()
    assert files(root) == before
    Join(building, joinable).close()
    with pytest.raises(OlderFormat, match=r"has format 1, not 2; rebuild the tables with"):
        Join(root, joinable)


def test_tables_of_a_later_version_are_left_alone(tmp_path: Path) -> None:
    Join(tmp_path, joinable).close()
    of_format(tmp_path, "3")
    with pytest.raises(Corrupt, match="has format 3, not 2") as raised:
        Join(tmp_path, joinable)
    assert not isinstance(raised.value, OlderFormat)
