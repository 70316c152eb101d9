"""Features beside a log in a file: each key's value, and how far in the log all of them have come.

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
_REMEDY = "it cannot be used"  # whoever opens it puts it aside, and says so
_TABLES = (
    "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL NOT NULL,"
    " acted INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS positions (topic TEXT PRIMARY KEY, offset INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS log (log_id TEXT NOT NULL)",
    # Where all topics of the log ended when this was saved: it may not end before.
    (
        "CREATE TABLE IF NOT EXISTS known (topic TEXT PRIMARY KEY, "
        "log_id TEXT NOT NULL, offset INTEGER NOT NULL)"
    ),
)

Known = Mapping[str, tuple[str, int]]  # topic -> name of the log, offset


class FeatureFile:
    """One SQLite file.

    What is saved together is there together, or not at all, whenever the process is killed.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        """Open or create.

        `read_only` leaves the file as it is, which another process may be writing to.

        Raises Corrupt for a file that is damaged or of another format.
        """
        self.path = path
        if not read_only:
            owner_only.file(path)  # SQLite gives its other files the mode of this one
        check_whole(path, _REMEDY)
        with self._meant():
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
    def _meant(self) -> Iterator[None]:
        """SQLite's errors as ours."""
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
        # The log is trimmed up to what is saved here
        self._connection.execute("PRAGMA synchronous = FULL")
        for table in _TABLES:
            self._connection.execute(table)
        self._connection.execute(f"PRAGMA user_version = {SCHEMA}")

    def log_id(self) -> str:
        """Of the log that the features were counted from; empty before anything was saved."""
        with self._meant():
            row = self._connection.execute("SELECT log_id FROM log").fetchone()
        return str(row[0]) if row else ""

    def positions(self) -> dict[str, int]:
        """Topic -> offset up to which records have had their effect."""
        return {
            topic: offset
            for topic, (_, offset) in self._offsets("SELECT topic, '', offset FROM positions").items()
        }

    def known_ends(self) -> Known:
        """Where the log's topics ended when this was saved last.

        Of a file that does not say, what it has counted.
        """
        says = "SELECT topic, log_id, offset FROM known"
        known = self._offsets(says) if self._has("known") else {}
        return known or {topic: (self.log_id(), offset) for topic, offset in self.positions().items()}

    def _has(self, table: str) -> bool:
        with self._meant():
            return bool(
                self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            )

    def _offsets(self, statement: str) -> dict[str, tuple[str, int]]:
        with self._meant():
            found = self._connection.execute(statement).fetchall()
        for topic, _, offset in found:
            if topic not in TOPICS or not isinstance(offset, int) or offset < 0:
                raise Corrupt(
                    f"{self.path} is damaged: it has {offset!r} for "
                    f"{topic!r}, which is no position; {_REMEDY}"
                )
        return {topic: (str(log_id), offset) for topic, log_id, offset in found}

    def read(self, now_seconds: float) -> Iterator[Saved]:
        """All keys that have not expired, in the order in which they were saved.

        The others are removed.
        """
        with self._meant():
            self._connection.execute("DELETE FROM features WHERE expires <= ?", (now_seconds,))
            rows = self._connection.execute("SELECT key, value, expires, acted FROM features ORDER BY rowid")
            for row in rows:
                yield self._whole(row)

    def _whole(self, row: tuple[Any, ...]) -> Saved:
        """What is saved in a row. Raises Corrupt for what nobody can have saved."""
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

        Raises AisleError when it cannot.
        """
        with self._transaction():
            for change in changes:
                self._write(change)
            self._connection.executemany("REPLACE INTO positions VALUES (?, ?)", positions.items())
            self._connection.execute("DELETE FROM log")
            self._connection.execute("INSERT INTO log VALUES (?)", (log_id,))
            self._know(log_id, ends)

    def know(self, log_id: str, ends: Mapping[str, int]) -> None:
        """Take a log for the one that belongs to this file, as far as `known_ends` is concerned."""
        with self._transaction():
            self._know(log_id, ends)

    def _know(self, log_id: str, ends: Mapping[str, int]) -> None:
        rows = [(topic, log_id, offset) for topic, offset in ends.items()]
        self._connection.executemany("REPLACE INTO known VALUES (?, ?, ?)", rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._meant():
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
    """How SQLite is to open a file.

    In a folder that takes no writes it cannot make what it has beside one.
    """
    if not read_only:
        return path.absolute().as_uri()
    return path.absolute().as_uri() + ("?mode=ro" if os.access(path.parent, os.W_OK) else "?immutable=1")


def put_aside(path: Path) -> Path:
    """Rename a file that cannot be used, and what SQLite has beside it; its new name."""
    aside = path.with_name(f"{path.name}.unusable")
    for side in _SIDE_FILES:
        file = path.with_name(path.name + side)
        if file.exists():
            file.replace(aside.with_name(aside.name + side))
    return aside
