"""A log that lost its records shows by what was saved beside it, and is refused until it is accepted."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.standalone.log_acceptance import accept_the_log, check_the_log
from services.standalone.written_since import written_since
from shared.errors import LogBehind
from shared.events.log import CATALOG, USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog
from tests.unit.events.damaged_log import damage
from tests.unit.feedback.told import event
from tests.unit.standalone.counting_shop import process, until


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
    """A shop with three events and two writes, over a log of which a copy was made after the first event."""
    data = tmp_path / "shop"
    async with process(data) as shop:
        await shop.tell(event("purchase", "p1"))
        await until(shop, 1)
    shutil.copyfile(data / "log.sqlite", tmp_path / "older.sqlite")
    async with process(data) as shop:
        await shop.tell(event("purchase", "p1"), event("purchase", "p1"))
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
    with pytest.raises(LogBehind, match=rf"{USER_EVENTS} had come to position 3, but .* ends at 1: it is an older log"):
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
        await shop.tell(event("purchase", "p1"))
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
