"""The tables of a log in one SQLite file, and what is said to them; synchronous."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from shared import owner_only
from shared.errors import AisleError, Corrupt, StorageFull, Unavailable
from shared.events.log import COMPACTED, SINGLE, TOPICS, Appended, NewRecord, Record

Batch = tuple[str, Sequence[NewRecord]]  # topic, records
Result = TypeVar("Result")

_FORGET_AT_ONCE = 1_000  # event ids looked at per commit, so that forgetting never holds up an append


class SqliteFile:
    """One connection. Each topic is a table; a unique index finds duplicates without holding ids in memory.

    In a compacted topic the key is unique, and a newer record replaces the older. Offsets are never given twice.
    """

    def __init__(self, path: Path, max_bytes: int = 0) -> None:
        """Open or create; `max_bytes` 0 means that only the disk limits the file."""
        self.path = path
        self._forgotten = dict.fromkeys(TOPICS, 0)  # offset up to which event ids are forgotten
        self._connection = self._guarded(lambda: self._connect(max_bytes))

    def _connect(self, max_bytes: int) -> sqlite3.Connection:
        owner_only.file(self.path)  # SQLite gives the mode of this file to those beside it
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # in WAL mode: one fsync a commit
        for topic in TOPICS:
            unique = "UNIQUE" if topic in COMPACTED else ""
            connection.execute(
                f'CREATE TABLE IF NOT EXISTS "{topic}" (offset INTEGER PRIMARY KEY AUTOINCREMENT,'
                f" key TEXT NOT NULL {unique}, value BLOB, time REAL NOT NULL, event_id TEXT)"
            )
            connection.execute(
                f'CREATE UNIQUE INDEX IF NOT EXISTS "{topic}.event_id" ON "{topic}" (event_id)'
                " WHERE event_id IS NOT NULL"
            )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS positions (consumer_group TEXT, topic TEXT, offset INTEGER NOT NULL,"
            " PRIMARY KEY (consumer_group, topic)) WITHOUT ROWID"
        )
        if max_bytes:
            page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // page_bytes)}")
        return connection

    def append(self, batches: Sequence[Batch], dedup_seconds: float) -> list[list[Appended]]:
        """Append all batches in one transaction, durable on return; all or none of them."""
        return self._guarded(lambda: self._append(batches, dedup_seconds))

    def _append(self, batches: Sequence[Batch], dedup_seconds: float) -> list[list[Appended]]:
        now = time.time()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            appended = [[self._insert(topic, record, now) for record in records] for topic, records in batches]
            for topic in {topic for topic, _ in batches}:
                self._forget(topic, now - dedup_seconds)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return appended

    def _insert(self, topic: str, record: NewRecord, now: float) -> Appended:
        if record.event_id is not None and topic in SINGLE and (known := self._offset_of(topic, record.event_id)):
            return Appended(known, duplicate=True)
        conflict = "REPLACE" if topic in COMPACTED else "IGNORE"
        cursor = self._connection.execute(
            f'INSERT OR {conflict} INTO "{topic}" (key, value, time, event_id) VALUES (?, ?, ?, ?)',
            (record.key, record.value, now, record.event_id),
        )
        if cursor.rowcount == 0 and record.event_id is not None:
            return Appended(self._offset_of(topic, record.event_id), duplicate=True)
        return Appended(cursor.lastrowid or 0)

    def _offset_of(self, topic: str, event_id: str) -> int:
        row = self._connection.execute(f'SELECT offset FROM "{topic}" WHERE event_id = ?', (event_id,)).fetchone()
        return int(row[0]) if row else 0

    def _forget(self, topic: str, before_seconds: float) -> None:
        """Let go of event ids older than the time, some at a commit; the records stay."""
        start = self._forgotten[topic]
        row = self._connection.execute(
            f'SELECT max(offset) FROM (SELECT offset, time FROM "{topic}" WHERE offset > ? ORDER BY offset LIMIT ?)'
            " WHERE time < ?",
            (start, _FORGET_AT_ONCE, before_seconds),
        ).fetchone()
        if row[0] is not None:
            self._connection.execute(
                f'UPDATE "{topic}" SET event_id = NULL WHERE offset > ? AND offset <= ? AND event_id IS NOT NULL',
                (start, row[0]),
            )
            self._forgotten[topic] = row[0]

    def read(self, topic: str, after_offset: int, limit: int) -> list[Record]:
        """Records after an offset, oldest first."""
        columns, condition = "offset, key, value, time, event_id", "WHERE offset > ? ORDER BY offset LIMIT ?"
        rows = self._rows(f'SELECT {columns} FROM "{topic}" {condition}', after_offset, limit)
        return [
            Record(offset, key, value, time_seconds, event_id, topic)
            for offset, key, value, time_seconds, event_id in rows
        ]

    def drop(self, topic: str, through_offset: int) -> None:
        """Remove the records up to and with an offset; no offset is given again."""
        self._rows(f'DELETE FROM "{topic}" WHERE offset <= ?', through_offset)

    def position(self, group: str, topic: str) -> int:
        """The offset that a group has committed; 0 before it has."""
        rows = self._rows("SELECT offset FROM positions WHERE consumer_group = ? AND topic = ?", group, topic)
        return int(rows[0][0]) if rows else 0

    def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        """Move a group on to an offset in each topic, never back."""
        statement = (
            "INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET offset = max(offset, excluded.offset)"
        )
        for topic, offset in offsets.items():
            self._rows(statement, group, topic, offset)

    def end_offset(self, topic: str) -> int:
        """The greatest offset ever given in a topic."""
        rows = self._rows("SELECT seq FROM sqlite_sequence WHERE name = ?", topic)
        return int(rows[0][0]) if rows else 0

    def close(self) -> None:
        self._connection.close()

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._guarded(lambda: self._connection.execute(statement, values).fetchall())

    def _guarded(self, action: Callable[[], Result]) -> Result:
        try:
            return action()
        except sqlite3.Error as error:
            raise self._meaning(error) from error

    def _meaning(self, error: sqlite3.Error) -> AisleError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes keep the primary one in the low byte
        if code == sqlite3.SQLITE_FULL:
            return StorageFull(f"no room left for {self.path}; nothing of this append was kept: free some space, retry")
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return Corrupt(f"{self.path} is damaged ({error}); restore it from a backup")
        return Unavailable(f"{self.path} cannot be used ({error}); see who else has it open, and its permissions")


class FileLock:
    """Keeps a second process off the file; the system lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        """Raises Unavailable, naming the process, when another one has the file."""
        self._file = path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            owner = self._file.read().strip()
            self._file.close()
            raise Unavailable(
                f"{path.with_suffix('')} is in use by process {owner}; stop it, or use another data folder"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()
