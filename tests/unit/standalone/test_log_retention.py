import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from services.standalone.counted import Counted
from services.standalone.log_retention import LogRetention
from shared import artifacts
from shared.events.config import LogConfig
from shared.events.log import CATALOG, DEAD_LETTERS, SEARCH_LOGS, USER_EVENTS, VECTORS, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.snapshot.generation import FORMAT

DAY = 86_400.0


def retention(log: SqliteEventLog, folder: Path, counted: dict[str, int], **settings: float) -> LogRetention:
    keeper = Counted()
    keeper.saved = counted
    config = LogConfig(**settings)  # type: ignore[arg-type]  # max_bytes is a whole number in each test
    return LogRetention(log, folder / "log.sqlite", folder / "snapshots", keeper, config)


def snapshot(folder: Path, version: str, vectors_position: int, log_position: int = 0) -> None:
    """A snapshot as far as its manifest goes."""
    made = folder / "snapshots" / version
    made.mkdir(parents=True)
    positions = {"vectors_position": vectors_position, "log_position": log_position}
    artifacts.write_manifest(made, {"format": FORMAT, "version": version, **positions})


async def append(log: SqliteEventLog, topic: str, count: int, bytes_each: int = 10) -> None:
    await log.append(topic, [NewRecord(f"k{number}", bytes(bytes_each)) for number in range(count)])


def age(folder: Path, topic: str, through: int, days: float) -> None:
    with closing(sqlite3.connect(folder / "log.sqlite", isolation_level=None)) as connection:
        connection.execute(
            f'UPDATE "{topic}" SET time = ? WHERE offset <= ?', (time.time() - days * DAY, through)
        )


async def offsets(log: SqliteEventLog, topic: str) -> list[int]:
    return [record.offset for record in await log.read(topic, 0, 10_000)]


async def test_events_impressions_and_dead_letters_go_when_they_are_too_old(
    log: SqliteEventLog, tmp_path: Path
) -> None:
    for topic in (USER_EVENTS, SEARCH_LOGS, DEAD_LETTERS):
        await append(log, topic, 5)
        age(tmp_path, topic, 3, days=91)
    await retention(log, tmp_path, {USER_EVENTS: 5, SEARCH_LOGS: 5}).look()
    assert [await offsets(log, topic) for topic in (USER_EVENTS, SEARCH_LOGS, DEAD_LETTERS)] == [[4, 5]] * 3


async def test_what_is_not_counted_yet_stays_however_old_it_is(log: SqliteEventLog, tmp_path: Path) -> None:
    await append(log, USER_EVENTS, 5)
    age(tmp_path, USER_EVENTS, 5, days=1_000)
    await retention(log, tmp_path, {USER_EVENTS: 2}, max_bytes=1).look()
    assert await offsets(log, USER_EVENTS) == [3, 4, 5]


async def test_without_an_age_records_stay(log: SqliteEventLog, tmp_path: Path) -> None:
    await append(log, USER_EVENTS, 5)
    age(tmp_path, USER_EVENTS, 5, days=1_000)
    await retention(log, tmp_path, {USER_EVENTS: 5}, retention_days=0).look()
    assert len(await offsets(log, USER_EVENTS)) == 5


async def test_a_log_that_is_too_large_loses_the_oldest_of_its_events_and_impressions(
    log: SqliteEventLog, tmp_path: Path
) -> None:
    await append(log, SEARCH_LOGS, 1_000, bytes_each=5_000)
    await append(log, USER_EVENTS, 500, bytes_each=5_000)
    age(tmp_path, SEARCH_LOGS, 1_000, days=2)
    await retention(log, tmp_path, {USER_EVENTS: 500, SEARCH_LOGS: 1_000}, max_bytes=6_000_000).look()
    left = await offsets(log, SEARCH_LOGS)
    assert left and left[0] > 200 and left[-1] == 1_000
    assert len(await offsets(log, USER_EVENTS)) == 500
    assert await log.between_appends(lambda file: file.used_bytes()) <= 6_000_000


async def test_a_log_that_is_too_large_without_events_says_so_once(
    log: SqliteEventLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await append(log, VECTORS, 100, bytes_each=5_000)
    keeping = retention(log, tmp_path, {}, max_bytes=100_000)
    await keeping.look()
    await keeping.look()
    assert caplog.text.count("more than AISLE_LOG_MAX_BYTES") == 1
    assert len(await offsets(log, VECTORS)) == 100


async def test_of_the_vectors_goes_what_every_snapshot_contains(log: SqliteEventLog, tmp_path: Path) -> None:
    await append(log, VECTORS, 10)
    snapshot(tmp_path, "20260101T000000.000000Z", 4)
    snapshot(tmp_path, "20260102T000000.000000Z", 7)
    await retention(log, tmp_path, {}).look()
    assert await offsets(log, VECTORS) == [5, 6, 7, 8, 9, 10]


async def test_while_a_snapshot_cannot_be_read_all_vectors_stay(log: SqliteEventLog, tmp_path: Path) -> None:
    await append(log, VECTORS, 10)
    snapshot(tmp_path, "20260101T000000.000000Z", 4)
    snapshot(tmp_path, "20260102T000000.000000Z", 7)
    (tmp_path / "snapshots/20260101T000000.000000Z/manifest.json").write_text(json.dumps({"format": 99}))
    await retention(log, tmp_path, {}).look()
    assert len(await offsets(log, VECTORS)) == 10


async def test_of_the_catalogue_old_removals_go_that_every_snapshot_contains_with_their_fields(
    log: SqliteEventLog, tmp_path: Path
) -> None:
    values = {"kept": b"x", "gone\0price": b"x", "gone": None, "gone-not": b"x", "new": None}
    await log.append(CATALOG, [NewRecord(key, value) for key, value in values.items()])
    age(tmp_path, CATALOG, 4, days=91)
    await log.append(CATALOG, [NewRecord("later", None)])
    age(tmp_path, CATALOG, 4, days=91)
    snapshot(tmp_path, "20260101T000000.000000Z", 0, log_position=5)
    await retention(log, tmp_path, {}).look()
    assert [record.key for record in await log.read(CATALOG, 0)] == [
        "kept",
        "gone-not",
        "new",
        "later",
    ]
    assert await log.trimmed_through(CATALOG) == 0


async def test_a_removal_that_a_snapshot_does_not_contain_stays_however_old_it_is(
    log: SqliteEventLog, tmp_path: Path
) -> None:
    await log.append(CATALOG, [NewRecord("gone", None), NewRecord("gone too", None)])
    age(tmp_path, CATALOG, 2, days=1_000)
    snapshot(tmp_path, "20260101T000000.000000Z", 0, log_position=1)
    await retention(log, tmp_path, {}).look()
    assert [record.key for record in await log.read(CATALOG, 0)] == ["gone too"]
