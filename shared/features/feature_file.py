"""Features saved in a file next to the log: the value of each key, and the log positions.

Synchronous.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared import owner_only
from shared.errors import Corrupt
from shared.events.log import TOPICS
from shared.features.saved import Saved, check
from shared.features.spec import SCHEMA
from shared.sqlite_damage import check_whole, meaning

_SIDE_FILES = ("", "-wal", "-shm")
_REMEDY = "it cannot be used"  # the caller puts the file aside and logs it
_TABLES = (
    "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL NOT NULL,"
    " acted INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS positions (topic TEXT PRIMARY KEY, offset INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS log (log_id TEXT NOT NULL)",
    # The ends of the log's topics at the last save: the log must not end before them.
    (
        "CREATE TABLE IF NOT EXISTS known (topic TEXT PRIMARY KEY, "
        "log_id TEXT NOT NULL, offset INTEGER NOT NULL)"
    ),
)

Known = Mapping[str, tuple[str, int]]  # topic -> log_id, offset


class FeatureFile:
    """One SQLite file.

    A save is atomic: after a kill at any moment, the file has all of it or nothing.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        """Open or create the file.

        `read_only` does not change the file; another process may be writing to it.

        Raises Corrupt if the file is damaged or has another format.
        """
        self.path = path
        if not read_only:
            owner_only.file(path)  # SQLite gives its side files the same mode
        check_whole(path, _REMEDY)
        with self._own_errors():
            self._connection = sqlite3.connect(
                _uri(path, read_only),
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=5,
            )
            try:
                self._check_format()
                if not read_only:
                    self._prepare()
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        """Raise SQLite errors in the block as Aisle's errors."""
        try:
            yield
        except sqlite3.Error as error:
            raise meaning(error, self.path, _REMEDY) from error

    def _check_format(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA):
            raise Corrupt(f"{self.path} has format {version}, not {SCHEMA}; {_REMEDY}")

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        # The log is trimmed up to the saved positions
        self._connection.execute("PRAGMA synchronous = FULL")
        for table in _TABLES:
            self._connection.execute(table)
        self._connection.execute(f"PRAGMA user_version = {SCHEMA}")

    def log_id(self) -> str:
        """The id of the log that the features were counted from; empty before the first save."""
        with self._own_errors():
            row = self._connection.execute("SELECT log_id FROM log").fetchone()
        return str(row[0]) if row else ""

    def positions(self) -> dict[str, int]:
        """Topic -> offset up to which records are applied."""
        return {
            topic: offset
            for topic, (_, offset) in self._offsets("SELECT topic, '', offset FROM positions").items()
        }

    def known_ends(self) -> Known:
        """The ends of the log's topics at the last save. For older files, the positions."""
        select = "SELECT topic, log_id, offset FROM known"
        known = self._offsets(select) if self._has("known") else {}
        return known or {topic: (self.log_id(), offset) for topic, offset in self.positions().items()}

    def _has(self, table: str) -> bool:
        with self._own_errors():
            return bool(
                self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            )

    def _offsets(self, statement: str) -> dict[str, tuple[str, int]]:
        with self._own_errors():
            found = self._connection.execute(statement).fetchall()
        for topic, _, offset in found:
            if topic not in TOPICS or not isinstance(offset, int) or offset < 0:
                raise Corrupt(
                    f"{self.path} is damaged: it has {offset!r} for "
                    f"{topic!r}, which is no position; {_REMEDY}"
                )
        return {topic: (str(log_id), offset) for topic, log_id, offset in found}

    def read(self, now_seconds: float) -> Iterator[Saved]:
        """Remove expired keys, and yield the others in the order in which they were saved."""
        with self._own_errors():
            self._connection.execute("DELETE FROM features WHERE expires <= ?", (now_seconds,))
            rows = self._connection.execute("SELECT key, value, expires, acted FROM features ORDER BY rowid")
            for row in rows:
                yield self._checked(row)

    def _checked(self, row: tuple[Any, ...]) -> Saved:
        """The key and value of a row. Raises Corrupt if they are invalid."""
        key, value, expires_seconds, acted = row
        saved = Saved(key, value, expires_seconds, bool(acted))
        try:
            check(saved)
        except ValueError as error:
            raise Corrupt(f"{self.path} is damaged: key {str(key)[:60]!r} {error}; {_REMEDY}") from error
        return saved

    def save(
        self,
        changes: Iterable[Saved],
        positions: Mapping[str, int],
        log_id: str,
        ends: Mapping[str, int],
    ) -> None:
        """Write changes, positions and the log's ends in one transaction, durable on return.

        Raises AisleError if it fails.
        """
        with self._transaction():
            for change in changes:
                self._write(change)
            self._connection.executemany("REPLACE INTO positions VALUES (?, ?)", positions.items())
            self._connection.execute("DELETE FROM log")
            self._connection.execute("INSERT INTO log VALUES (?)", (log_id,))
            self._write_known_ends(log_id, ends)

    def set_known_ends(self, log_id: str, ends: Mapping[str, int]) -> None:
        """Replace `known_ends` by those of this log, and leave the features as they are."""
        with self._transaction():
            self._write_known_ends(log_id, ends)

    def _write_known_ends(self, log_id: str, ends: Mapping[str, int]) -> None:
        rows = [(topic, log_id, offset) for topic, offset in ends.items()]
        self._connection.executemany("REPLACE INTO known VALUES (?, ?, ?)", rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._own_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _write(self, change: Saved) -> None:
        if change.value is None:
            self._connection.execute("DELETE FROM features WHERE key = ?", (change.key,))
            return
        row = (change.key, change.value, change.expires_seconds, change.acted)
        self._connection.execute("REPLACE INTO features VALUES (?, ?, ?, ?)", row)

    def close(self) -> None:
        self._connection.close()


def _uri(path: Path, read_only: bool) -> str:
    """The URI to open a file with. In a read-only folder SQLite cannot create its side files."""
    if not read_only:
        return path.absolute().as_uri()
    return path.absolute().as_uri() + ("?mode=ro" if os.access(path.parent, os.W_OK) else "?immutable=1")


def put_aside(path: Path) -> Path:
    """Rename an unusable file and its SQLite side files. Returns the new path."""
    aside = path.with_name(f"{path.name}.unusable")
    for side in _SIDE_FILES:
        file = path.with_name(path.name + side)
        if file.exists():
            file.replace(aside.with_name(aside.name + side))
    return aside
