"""A log that lost its records shows by what was saved beside it, and is refused until it is
accepted.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from services.standalone.known_log import FEATURES, KnownLog
from services.standalone.log_acceptance import accept_the_log, check_the_log
from services.standalone.written_since import written_since
from shared.errors import LogBehind
from shared.events.log import CATALOG, USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.features.feature_file import FeatureFile
from shared.sqlite_damage import check_whole
from tests.unit.events.damaged_log import damage
from tests.unit.feedback.observations import of_new_visitor
from tests.unit.standalone.counting_shop import process, until

LOG_ID = "a" * 32


@asynccontextmanager
async def log_of(data: Path) -> AsyncIterator[SqliteEventLog]:
    log = SqliteEventLog(data / "log.sqlite")
    try:
        yield log
    finally:
        await log.close()


async def checked(data: Path, accept: bool = False) -> None:
    async with log_of(data) as log:
        await check_the_log(data, log, accept)


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A shop with three events and two writes, over a log of which a copy was made after the first
    event.
    """
    data = tmp_path / "shop"
    async with process(data) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"))
        await until(shop, 1)
    shutil.copyfile(data / "log.sqlite", tmp_path / "older.sqlite")
    async with process(data) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"), of_new_visitor("purchase", "p1"))
        await shop.log.append(CATALOG, [NewRecord("p1", b""), NewRecord("p2", b"")])
        await until(shop, 3)
    return data


def remove(log: Path) -> None:
    log.unlink()


def cut(log: Path) -> None:
    log.write_bytes(b"")


def put_back(log: Path) -> None:
    shutil.copyfile(log.parent.parent / "older.sqlite", log)


@pytest.mark.parametrize("lose", [remove, cut, put_back])
async def test_a_log_that_lost_records_is_refused_with_both_positions_and_the_way_out(
    data: Path, lose: Callable[[Path], None]
) -> None:
    await checked(data)
    lose(data / "log.sqlite")
    named = rf"features\.sqlite was saved when {CATALOG} had come to position 2, but .*log\.sqlite ends at 0"
    with pytest.raises(LogBehind, match=rf"{named}.*--accept-log"):
        await checked(data)


async def test_events_alone_are_a_trace_too(data: Path) -> None:
    damage(data / "features.sqlite", "DELETE FROM known WHERE topic = ?", CATALOG)
    put_back(data / "log.sqlite")
    with pytest.raises(
        LogBehind,
        match=rf"{USER_EVENTS} had come to position 3, but .* ends at 1: it is an older log",
    ):
        await checked(data)


async def test_features_that_were_saved_before_they_knew_the_log_are_a_trace(data: Path) -> None:
    damage(data / "features.sqlite", "DROP TABLE known")
    await checked(data)
    put_back(data / "log.sqlite")
    with pytest.raises(LogBehind, match=rf"{USER_EVENTS} had come to position 3, but .* ends at 1"):
        await checked(data)


async def test_another_log_is_refused_however_long_it_is(data: Path) -> None:
    remove(data / "log.sqlite")
    async with log_of(data) as log:
        await log.append(CATALOG, [NewRecord(str(number), b"") for number in range(9)])
        with pytest.raises(LogBehind, match="ends at 9 and is another log"):
            await check_the_log(data, log)


async def test_a_log_that_was_accepted_stays_so_and_what_was_counted_is_kept(data: Path) -> None:
    put_back(data / "log.sqlite")
    await checked(data, accept=True)
    await checked(data)
    async with process(data) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"))
        await until(shop, 2)
        assert await shop.bought("p1") == 4
    await checked(data)


def test_a_file_is_not_indexed_over_a_log_that_is_gone_until_it_is_accepted(tmp_path: Path) -> None:
    data = tmp_path / "shop"
    written_since(data)  # a shop that has nothing yet

    async def write() -> None:
        async with process(data) as shop:
            await shop.log.append(CATALOG, [NewRecord("p1", None)])

    asyncio.run(write())
    assert written_since(data)
    for path in data.glob("log.sqlite*"):
        path.unlink()
    with pytest.raises(LogBehind, match=rf"{CATALOG} had come to position 1, but .*log\.sqlite ends at 0"):
        written_since(data)
    accept_the_log(data)
    assert written_since(data)


async def test_a_shop_in_which_nothing_was_written_opens_without_its_log(tmp_path: Path) -> None:
    async with process(tmp_path):
        pass
    (tmp_path / "log.sqlite").unlink()
    await checked(tmp_path)


async def test_features_that_cannot_be_read_say_nothing_of_the_log(data: Path) -> None:
    remove(data / "log.sqlite")
    (data / "features.sqlite").write_bytes(b"no database" * 500)
    await checked(data)


def test_what_is_known_is_read_without_a_change_of_the_file(tmp_path: Path) -> None:
    """`aisle index` reads it beside an engine, and in a folder that takes no writes."""
    path = tmp_path / FEATURES
    with closing(FeatureFile(path)) as file:
        file.save([], {}, LOG_ID, {CATALOG: 3})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE positions")
    before = path.read_bytes()
    assert KnownLog.of(tmp_path).ends == {CATALOG: (LOG_ID, 3)}
    assert path.read_bytes() == before


def test_a_file_that_does_not_say_where_the_log_ended_knows_what_was_counted(
    tmp_path: Path,
) -> None:
    path = tmp_path / FEATURES
    with closing(FeatureFile(path)) as file:
        file.save([], {USER_EVENTS: 2}, LOG_ID, {})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE known")
    assert KnownLog.of(tmp_path).ends == {USER_EVENTS: (LOG_ID, 2)}


def test_a_write_ahead_log_that_is_removed_meanwhile_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FEATURES
    FeatureFile(path).close()
    monkeypatch.setattr(Path, "is_file", lambda _: True)  # as it was a moment before
    check_whole(path)
