"""Checks a log's file for damage.

Its tables are checked when it is opened, its records as they are read.
"""

import math
import sqlite3
from pathlib import Path
from typing import Any

from shared.errors import Corrupt
from shared.events.log import TOPICS, Record
from shared.sqlite_damage import RESTORE
from shared.utf8 import is_utf8

COLUMNS = "offset, key, value, time, event_id"
_OFFSETS = (
    ("sqlite_sequence", "name", "seq"),
    ("trimmed", "topic", "offset"),
    ("positions", "topic", "offset"),
)
_KINDS = {str: "text", bytes: "bytes", int: "a number", float: "a number", type(None): "nothing"}
_REMEDY = "write it again, or restore the file from a backup"


def text(raw: bytes) -> str:
    """Decode a text of the file. Invalid bytes raise nothing, or they would hide other records."""
    return raw.decode(errors="surrogateescape")


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Raise Corrupt if a table lacks a column, or if the log's own tables have invalid values."""
    for topic in TOPICS:
        connection.execute(f'SELECT {COLUMNS} FROM "{topic}" LIMIT 0')
        first = connection.execute(f'SELECT min(offset) FROM "{topic}"').fetchone()[0]
        if first is not None and first < 1:
            raise _damaged(path, f"{topic} has a record at position {first}, and positions begin at 1")
    for table, name, number in _OFFSETS:
        bad = f"typeof({number}) != 'integer' OR {number} < 0"
        if found := connection.execute(f"SELECT {name}, {number} FROM {table} WHERE {bad}").fetchone():
            raise _damaged(path, f"{table} has {found[1]!r} for {found[0]!r}, which is not a position")
    names = connection.execute("SELECT log_id FROM identity").fetchall()
    if len(names) != 1 or not _is_name(names[0][0]):
        raise _damaged(path, "the log's own name in it cannot be read")


def _damaged(path: Path, damage: str) -> Corrupt:
    return Corrupt(f"{path} is damaged: {damage}; {RESTORE}")


def _is_name(found: object) -> bool:
    return isinstance(found, str) and len(found) == 32 and set(found) <= set("0123456789abcdef")


def record_of(row: tuple[Any, ...], topic: str, path: Path) -> Record:
    """The record in a row of COLUMNS.

    A damaged record has `damage` set, and keeps as much of its value as possible.
    """
    offset, key, value, time_seconds, event_id = row
    if not (damage := _damage(key, value, time_seconds, event_id)):
        return Record(offset, key, value, time_seconds, event_id, topic)
    kept = value if value is None or isinstance(value, bytes) else _bytes(value)
    seconds = time_seconds if isinstance(time_seconds, float) and math.isfinite(time_seconds) else 0.0
    damage = f"it is damaged in {path}: {damage}; {_REMEDY}"
    return Record(offset, _bytes(key).decode(errors="replace"), kept, seconds, None, topic, damage=damage)


def _damage(key: object, value: object, time_seconds: object, event_id: object) -> str:
    """The fault in a record's columns. Empty if they are sound."""
    if not isinstance(key, str) or not is_utf8(key):
        return f"its key is {_kind(key)}, not text"
    if value is not None and not isinstance(value, bytes):
        return f"its value is {_kind(value)}, not bytes"
    if not isinstance(time_seconds, float) or not math.isfinite(time_seconds):
        return f"its time is {_kind(time_seconds)}, not a moment"
    if event_id is not None and (not isinstance(event_id, str) or not is_utf8(event_id)):
        return f"its event_id is {_kind(event_id)}, not text"
    return ""


def _kind(value: object) -> str:
    return (
        "not UTF-8" if isinstance(value, str) and not is_utf8(value) else _KINDS.get(type(value), "strange")
    )


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    return str(value).encode(errors="surrogateescape")
