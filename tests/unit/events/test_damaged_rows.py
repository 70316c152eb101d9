"""Rows of a log's file that hold something else than what was written are named, and hide nothing
beside them.
"""

from pathlib import Path

import pytest

from shared.errors import Corrupt, Unavailable
from shared.events import dead_letters
from shared.events.log import DEAD_LETTERS, SEARCH_LOGS, USER_EVENTS, NewRecord, Record
from shared.events.spool import Spool
from shared.events.sqlite import SqliteEventLog
from shared.events.sqlite_file import SqliteFile
from tests.unit.events.damaged_log import damage

TABLE = f'"{USER_EVENTS}"'


async def written(path: Path, *keys: str) -> None:
    log = SqliteEventLog(path)
    await log.append(USER_EVENTS, [NewRecord(key, b"a", f"event {key}") for key in keys])
    await log.close()


async def read(path: Path) -> list[Record]:
    log = SqliteEventLog(path)
    try:
        return await log.read(USER_EVENTS, 0)
    finally:
        await log.close()


DAMAGES = {
    "value = 'text'": "its value is text, not bytes",
    "value = 7": "its value is a number, not bytes",
    "value = CAST(x'ff' AS TEXT)": "its value is not UTF-8, not bytes",
    "key = x'ff00'": "its key is bytes, not text",
    "key = CAST(x'ff41' AS TEXT)": "its key is not UTF-8, not text",
    "time = 'yesterday'": "its time is text, not a moment",
    "time = 9e999": "its time is a number, not a moment",
    "time = x'00'": "its time is bytes, not a moment",
    "event_id = x'41'": "its event_id is bytes, not text",
}


@pytest.mark.parametrize(("change", "named"), DAMAGES.items())
async def test_a_damaged_record_is_named_with_the_file_and_the_others_are_read(
    tmp_path: Path, change: str, named: str
) -> None:
    path = tmp_path / "log.sqlite"
    await written(path, "v1", "v2", "v3")
    damage(path, f"UPDATE {TABLE} SET {change} WHERE offset = 2")
    before, broken, after = await read(path)
    assert (before.damage, after.damage) == ("", "")
    assert broken.offset == 2 and broken.damage.startswith(f"it is damaged in {path}: {named}")
    assert "restore the file from a backup" in broken.damage
    with pytest.raises(ValueError, match="it is damaged"):
        broken.check()
    f"{broken.key}".encode()  # it can be put aside


@pytest.mark.parametrize("time", ["'yesterday'", "x'00'", "9e999"])
async def test_a_damaged_time_stops_neither_appends_nor_trimming(tmp_path: Path, time: str) -> None:
    path = tmp_path / "log.sqlite"
    await written(path, "v1", "v2")
    damage(path, f"UPDATE {TABLE} SET time = {time}")
    log = SqliteEventLog(path)
    (appended,) = await log.append(USER_EVENTS, [NewRecord("v3", b"a", "e3")])
    await log.between_appends(
        lambda file: (file.oldest_seconds(USER_EVENTS), file.trim(USER_EVENTS, 2, 1e12))
    )
    await log.close()
    assert appended.offset == 3


NOTES = {
    "UPDATE sqlite_sequence SET seq = 'many'": "sqlite_sequence has 'many' for",
    "UPDATE sqlite_sequence SET seq = -4": "sqlite_sequence has -4 for",
    "INSERT INTO trimmed VALUES ('aisle.vectors', 'all')": "trimmed has 'all' for 'aisle.vectors'",
    "INSERT INTO positions VALUES ('g', 'aisle.vectors', 1.5)": "positions has 1.5 for 'aisle.vectors'",
    "UPDATE identity SET log_id = CAST(x'ff41' AS TEXT)": "the log's own name",
    "DELETE FROM identity": "the log's own name",
    f"UPDATE {TABLE} SET offset = -7": "aisle.user-events has a record at position -7",
    f"ALTER TABLE {TABLE} RENAME COLUMN key TO name": "no such column: key",
    'DROP TABLE "aisle.catalog"': "no such table: aisle.catalog",
}


@pytest.mark.parametrize(("statement", "named"), NOTES.items())
async def test_a_file_whose_own_notes_are_damaged_is_refused(
    tmp_path: Path, statement: str, named: str
) -> None:
    path = tmp_path / "log.sqlite"
    await written(path, "v1")
    damage(path, statement)
    with pytest.raises(Corrupt) as caught:
        SqliteEventLog(path)
    message = str(caught.value)
    assert (
        message.startswith(f"{path} is damaged")
        and named in message
        and "restore it from a backup" in message
    )


async def test_a_file_that_ends_within_a_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    await written(path, "v1")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Corrupt, match=r"log\.sqlite is damaged \(it ends within a page\); restore it"):
        SqliteEventLog(path)


async def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").mkdir()
    with pytest.raises(
        Corrupt, match=r"log\.sqlite is a folder, where a file belongs; restore it from a backup"
    ):
        SqliteEventLog(tmp_path / "log.sqlite")


async def test_records_are_found_where_the_file_has_forgotten_how_many_there_are(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.sqlite"
    await written(path, "v1", "v2")
    damage(path, "DELETE FROM sqlite_sequence")
    file = SqliteFile(path)
    assert file.end_offset(USER_EVENTS) == 2
    file.close()


async def test_a_damaged_record_of_a_spool_is_put_aside_and_the_others_arrive(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spool.sqlite"
    log = SqliteEventLog(tmp_path / "log.sqlite")
    await written(path, "v1", "v2", "v3")
    damage(path, f"UPDATE {TABLE} SET value = 'text' WHERE offset = 2")
    spool = Spool(log, USER_EVENTS, path, 0)
    spool.start()
    assert spool._replay
    await spool._replay
    await spool.close()
    assert [each.key for each in await log.read(USER_EVENTS, 0)] == ["v1", "v3"]
    (letter,) = map(dead_letters.from_record, await log.read(DEAD_LETTERS, 0))
    assert (letter.key, letter.value) == ("v2", b"text") and "its value is text" in letter.reason
    await log.close()


async def test_what_is_closed_is_no_damage(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "log.sqlite")
    file.close()
    with pytest.raises(Unavailable):
        file.read(SEARCH_LOGS, 0, 1)
