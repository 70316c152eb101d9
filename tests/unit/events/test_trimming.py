import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.events.log import USER_EVENTS, VECTORS, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.events.sqlite_file import SqliteFile

DAY = 86_400.0
WEEK = 7 * DAY


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    opened = SqliteFile(tmp_path / "log.sqlite")
    yield opened
    opened.close()


def add(file: SqliteFile, *event_ids: str, value: bytes = b"x") -> None:
    file.append([(USER_EVENTS, [NewRecord("v", value, event_id) for event_id in event_ids])], WEEK)


def date(file: SqliteFile, **days_ago: float) -> None:
    """Write down another time for records, by their event_ids."""
    with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
        for event_id, days in days_ago.items():
            change = f'UPDATE "{USER_EVENTS}" SET time = ? WHERE event_id = ?'
            connection.execute(change, (time.time() - days * DAY, event_id))


def there(file: SqliteFile) -> list[str | None]:
    return [record.event_id for record in file.read(USER_EVENTS, 0, 10_000)]


def is_duplicate(file: SqliteFile, event_id: str) -> bool:
    return file.append([(USER_EVENTS, [NewRecord("v", b"x", event_id)])], WEEK)[0][0].duplicate


def test_records_go_up_to_an_age_and_up_to_an_offset(file: SqliteFile) -> None:
    add(file, "a", "b", "c", "d")
    date(file, a=100, b=95, c=91, d=80)
    assert file.trim(USER_EVENTS, 2, time.time() - 90 * DAY) == 2
    assert (there(file), file.trimmed_through(USER_EVENTS)) == (["c", "d"], 2)
    assert file.trim(USER_EVENTS, 4, time.time() - 90 * DAY) == 1
    assert file.trim(USER_EVENTS, 4, time.time() - 90 * DAY) == 0
    assert there(file) == ["d"]


def test_some_go_at_a_time(file: SqliteFile) -> None:
    add(file, "a", "b", "c")
    assert [file.trim(USER_EVENTS, 3, math.inf, most=2) for _ in range(3)] == [2, 1, 0]


def test_offsets_go_on_when_everything_was_trimmed(tmp_path: Path, file: SqliteFile) -> None:
    add(file, "a", "b", "c")
    file.trim(USER_EVENTS, 3, math.inf)
    again = SqliteFile(tmp_path / "log.sqlite")
    assert again.end_offset(USER_EVENTS) == 3
    add(again, "d")
    assert [record.offset for record in again.read(USER_EVENTS, 0, 10)] == [4]
    again.close()


def test_a_record_that_looks_old_behind_a_newer_one_stays(file: SqliteFile) -> None:
    add(file, "a", "b", "c")
    date(file, a=100, c=1_000)
    file.trim(USER_EVENTS, 3, time.time() - 90 * DAY)
    assert there(file) == ["b", "c"]


def test_an_event_id_whose_record_looks_old_behind_a_newer_one_is_known(file: SqliteFile) -> None:
    add(file, "old", "new", "backdated")
    date(file, old=8, backdated=400)
    add(file, "another")
    assert [is_duplicate(file, name) for name in ("old", "new", "backdated")] == [False, True, True]


def test_a_file_gives_room_back_once_much_of_it_is_free(tmp_path: Path, file: SqliteFile) -> None:
    add(file, *map(str, range(400)), value=bytes(5_000))
    assert not file.shrink(100)
    used = file.used_bytes()
    assert used > 400 * 5_000
    file.trim(USER_EVENTS, 300, math.inf)
    assert file.used_bytes() < used / 2
    while file.shrink(100):
        pass
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    assert pages * 4096 < 1.3 * file.used_bytes()


async def test_what_is_done_between_appends_has_its_answer_or_its_error_and_appends_go_on(
    log: SqliteEventLog,
) -> None:
    await log.append(VECTORS, [NewRecord("p1", b"a"), NewRecord("p2", b"b")])
    assert await log.between_appends(lambda file: file.trim(VECTORS, 1, math.inf)) == 1
    with pytest.raises(ZeroDivisionError):
        await log.between_appends(lambda file: 1 // 0)
    await log.append(VECTORS, [NewRecord("p3", b"c")])
    assert [record.key for record in await log.read(VECTORS, 0)] == ["p2", "p3"]
    assert await log.trimmed_through(VECTORS) == 1
