import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from shared.errors import Corrupt
from shared.events.log import COMPACTED, TOPICS, USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.events.sqlite_file import SqliteFile
from shared.events.sqlite_schema import SCHEMA


def older_log(path: Path) -> None:
    """A file as Aisle wrote it before files had a version, with an event and a position."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for topic in TOPICS:
            unique = "UNIQUE" if topic in COMPACTED else ""
            connection.execute(
                f'CREATE TABLE "{topic}" (offset INTEGER PRIMARY KEY AUTOINCREMENT,'
                f" key TEXT NOT NULL {unique}, value BLOB, time REAL NOT NULL, event_id TEXT)"
            )
        connection.execute(
            "CREATE TABLE positions (consumer_group TEXT, topic TEXT, offset INTEGER NOT NULL,"
            " PRIMARY KEY (consumer_group, topic)) WITHOUT ROWID"
        )
        record = ("v1", b"a", time.time(), "e1")
        connection.execute(
            f'INSERT INTO "{USER_EVENTS}" (key, value, time, event_id) VALUES (?, ?, ?, ?)', record
        )
        connection.execute("INSERT INTO positions VALUES ('g', ?, 1)", (USER_EVENTS,))


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def test_a_new_file_says_its_version(log: SqliteEventLog, tmp_path: Path) -> None:
    assert version(tmp_path / "log.sqlite") == SCHEMA == 1


async def test_an_older_file_keeps_its_records_event_ids_and_positions(tmp_path: Path) -> None:
    older_log(tmp_path / "log.sqlite")
    log = SqliteEventLog(tmp_path / "log.sqlite")
    assert [record.value for record in await log.read(USER_EVENTS, 0)] == [b"a"]
    assert (await log.append(USER_EVENTS, [NewRecord("v1", b"a", "e1")]))[0].duplicate
    assert await log.position("g", USER_EVENTS) == 1
    assert log.log_id
    await log.close()
    assert version(tmp_path / "log.sqlite") == SCHEMA


async def test_a_file_of_a_newer_aisle_is_refused_with_the_remedy_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 7")
    before = path.read_bytes()
    with pytest.raises(Corrupt, match=r"log\.sqlite has format 7, .* up to 1: start the Aisle that wrote it"):
        SqliteEventLog(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    assert len(path.read_bytes()) == len(before)


def test_a_log_has_a_name_of_its_own_that_it_keeps(tmp_path: Path) -> None:
    names = []
    for file in ("one.sqlite", "one.sqlite", "two.sqlite"):
        opened = SqliteFile(tmp_path / file)
        names.append(opened.log_id())
        opened.close()
    assert names[0] == names[1] != names[2]
