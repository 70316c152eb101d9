import math
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from shared.events.log import USER_EVENTS
from tests.unit.events.damaged_log import damage
from tests.unit.feedback.observations import of_new_visitor
from tests.unit.standalone.counting_shop import killed, process, until


def logs_of(data: Path) -> list[Path]:
    return [path for path in data.iterdir() if path.name.startswith("log.sqlite")]


def copied(data: Path, to: Path) -> None:
    """A copy of the log, as a backup has it."""
    to.mkdir()
    for path in logs_of(data):
        shutil.copy2(path, to / path.name)


def restored(backup: Path, data: Path) -> None:
    for path in logs_of(data):
        path.unlink()
    for path in backup.iterdir():
        shutil.copy2(path, data / path.name)


async def count_purchases(data: Path, count: int) -> None:
    """One of each of so many products, counted and saved."""
    async with process(data) as shop:
        await shop.tell(*(of_new_visitor("purchase", f"p{number}") for number in range(count)))
        await until(shop, count)


async def purchases(data: Path, count: int) -> list[int]:
    """What a process that starts now knows of them."""
    async with process(data) as shop:
        return [await shop.bought(f"p{number}") for number in range(count)]


async def test_a_start_reads_of_the_log_only_what_came_after_the_features_were_saved(tmp_path: Path) -> None:
    async with process(tmp_path) as shop:
        await shop.tell(*(of_new_visitor("click", "p1") for _ in range(5)))
        await until(shop, 5)
    async with process(tmp_path) as shop:
        assert shop.counted.saved == {USER_EVENTS: 5}
        assert (await shop.opens("p1"), shop.features._worker.progress.applied_count) == (5, 0)
        await shop.tell(of_new_visitor("click", "p1"))
        await until(shop, 6)
        assert (await shop.opens("p1"), shop.features._worker.progress.applied_count) == (6, 1)


async def test_a_process_that_is_killed_counts_what_it_has_not_saved_again_and_once(tmp_path: Path) -> None:
    async with killed(tmp_path) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"))
        await until(shop, 1)
        await shop.save()
        await shop.tell(of_new_visitor("purchase", "p1"), of_new_visitor("purchase", "p1", event_id="e3"))
        await until(shop, 3)
    async with process(tmp_path) as shop:
        await shop.tell(of_new_visitor("purchase", "p1", event_id="e3"))
        assert await shop.bought("p1") == 3


async def test_totals_outlive_the_records_that_they_were_counted_from(tmp_path: Path) -> None:
    async with process(tmp_path) as shop:
        await shop.tell(*(of_new_visitor("purchase", "p1") for _ in range(5)))
        await until(shop, 5)
        await shop.save()
        await shop.log.between_appends(lambda file: file.trim(USER_EVENTS, 5, math.inf))
    async with process(tmp_path) as shop:
        assert (await shop.log.read(USER_EVENTS, 0), await shop.bought("p1")) == ([], 5)


async def test_what_was_counted_stays_when_the_log_is_an_older_copy_and_new_events_count(
    tmp_path: Path,
) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    async with process(data) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"))
        await until(shop, 1)
    copied(data, backup)
    async with process(data) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"), of_new_visitor("purchase", "p1"))
        await until(shop, 3)
    restored(backup, data)
    async with process(data) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"))
        await until(shop, 2)
        assert await shop.bought("p1") == 4
    async with process(data) as shop:
        assert await shop.bought("p1") == 4


async def test_what_was_counted_stays_when_the_log_is_a_new_one(tmp_path: Path) -> None:
    async with process(tmp_path) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"), of_new_visitor("purchase", "p1"))
        await until(shop, 2)
    for path in logs_of(tmp_path):
        path.unlink()
    async with process(tmp_path) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"))
        await until(shop, 1)
        assert await shop.bought("p1") == 3


async def test_features_that_are_older_than_what_was_trimmed_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with killed(tmp_path) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"), of_new_visitor("purchase", "p1"))
        await shop.log.between_appends(lambda file: file.trim(USER_EVENTS, 1, math.inf))
    async with process(tmp_path) as shop:
        assert await shop.bought("p1") == 1
    assert "what shoppers did in between is not counted" in caplog.text


@pytest.mark.parametrize("content", ["no database", "another format", "cut short"])
async def test_features_that_cannot_be_read_are_put_aside_and_counted_anew(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    await count_purchases(tmp_path, 200)
    path = tmp_path / "features.sqlite"
    if content == "another format":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    else:
        path.write_bytes(b"no database" * 500 if content == "no database" else path.read_bytes()[:9_000])
    assert await purchases(tmp_path, 200) == [1] * 200
    assert (tmp_path / "features.sqlite.unusable").is_file()
    assert "counted anew" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE features SET value = 'text' WHERE key = 'p:p7'",
        "UPDATE features SET value = x'' WHERE key = 'p:p7'",
        "UPDATE features SET value = x'ff00' WHERE key = 'p:p7'",
        "UPDATE features SET value = substr(value, 1, 40) WHERE key GLOB 'v:*'",
        "UPDATE features SET expires = 'never' WHERE key = 'p:p7'",
        "UPDATE features SET key = x'703a00' WHERE key = 'p:p7'",
        "UPDATE features SET key = 'strange' WHERE key = 'p:p7'",
        "UPDATE positions SET offset = 'all'",
        "UPDATE positions SET offset = -3",
        "UPDATE positions SET topic = 'aisle.other'",
        "UPDATE log SET log_id = CAST(x'ff' AS TEXT)",
        "ALTER TABLE features RENAME COLUMN value TO worth",
    ],
)
async def test_features_with_rows_that_nobody_saved_are_put_aside_and_counted_anew(
    tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    await count_purchases(tmp_path, 20)
    damage(tmp_path / "features.sqlite", change)
    assert await purchases(tmp_path, 20) == [1] * 20
    (told,) = [record.getMessage() for record in caplog.records if "counted anew" in record.getMessage()]
    assert told.startswith(f"{tmp_path / 'features.sqlite'} is damaged")
    assert "features.sqlite.unusable" in told
    assert "Traceback" not in caplog.text


async def test_a_process_is_ready_before_its_features_are_read_and_says_so(tmp_path: Path) -> None:
    async with killed(tmp_path, wait_seconds=0.0) as shop:
        assert "still being read" in await shop.features.waiting_for()
        await shop.tell(of_new_visitor("click", "p1"))
        await until(shop, 1)
        assert await shop.features.waiting_for() == ""


async def test_a_worker_that_is_far_behind_says_how_many_records_are_left(tmp_path: Path) -> None:
    async with process(tmp_path) as shop:
        await shop.tell(*(of_new_visitor("click", "p1") for _ in range(3)))
        await until(shop, 3)
        shop.counted.commit({USER_EVENTS: 1})
        shop.features._worker.progress.newest_seconds = time.time() - 60
        assert await shop.features.waiting_for() == (
            "what shoppers did: 2 records of the log are still to be counted"
        )
