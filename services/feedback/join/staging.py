"""Records waiting to be joined, with their log positions, in one SQLite file."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from shared import owner_only
from shared.errors import Corrupt
from shared.events.file_lock import FileLock
from shared.sqlite_damage import check_whole, meaning

FILE = "join.sqlite"
_FORMAT = "2"
_OLDER = ("1",)  # had no interactions tables
_REMEDY = "rebuild the tables with 'aisle tables --rebuild'"
_TABLES = (
    "meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "positions (topic TEXT, part INTEGER, offset INTEGER NOT NULL, PRIMARY KEY (topic, part)) WITHOUT ROWID",
    "counts (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
    # A file is to be exported while `changed` is more than `exported`
    "files (name TEXT PRIMARY KEY, changed INTEGER NOT NULL, exported INTEGER NOT NULL) WITHOUT ROWID",
    # Interaction lines with a day's pages by the reason why not counted, as of the last export
    "day_counts (day TEXT, reason TEXT, count INTEGER NOT NULL, PRIMARY KEY (day, reason)) WITHOUT ROWID",
    "feature_names (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE)",
    "pages (query_id TEXT NOT NULL, first INTEGER NOT NULL, day INTEGER NOT NULL, at_us INTEGER NOT NULL,"
    " query_hash INTEGER NOT NULL, names_id INTEGER NOT NULL, visitor_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL, session_id TEXT NOT NULL, experiment_ids TEXT NOT NULL,"
    " snapshot_version TEXT NOT NULL, bundle_version TEXT NOT NULL, arm TEXT NOT NULL,"
    " placement TEXT NOT NULL, body BLOB NOT NULL)",
    "interactions (query_id TEXT, visitor_id TEXT, event_id TEXT, at_us INTEGER NOT NULL,"
    " logged_us INTEGER NOT NULL, action TEXT NOT NULL, lines TEXT NOT NULL,"
    " PRIMARY KEY (query_id, visitor_id, event_id)) WITHOUT ROWID",
    # Rows of the interactions tables; see interaction_rows.py
    "interaction_rows (day INTEGER, at_us INTEGER, visitor_id TEXT, event_id TEXT, line INTEGER,"
    " query_id TEXT NOT NULL, action TEXT NOT NULL, user_id TEXT NOT NULL, session_id TEXT NOT NULL,"
    " product_id TEXT NOT NULL, quantity INTEGER NOT NULL, price REAL,"
    " PRIMARY KEY (day, at_us, visitor_id, event_id, line)) WITHOUT ROWID",
    # Hashes of (visitor_id, event_id), and the log time of the event that counts
    "event_ids (id INTEGER PRIMARY KEY, logged_us INTEGER NOT NULL)",
    # `since` is the first day of a search that led to one of these interactions
    "visitor_days (day INTEGER, visitor_id TEXT, count INTEGER NOT NULL, since INTEGER NOT NULL,"
    " PRIMARY KEY (day, visitor_id)) WITHOUT ROWID",
    "queries (hash INTEGER PRIMARY KEY, visitors INTEGER NOT NULL, last_day INTEGER NOT NULL, text TEXT)",
    "query_visitors (hash INTEGER, visitor BLOB, PRIMARY KEY (hash, visitor)) WITHOUT ROWID",
)
_INDEXES = (
    "UNIQUE INDEX IF NOT EXISTS pages_by_query ON pages (query_id, first)",
    "INDEX IF NOT EXISTS pages_by_day ON pages (day, at_us, query_id, first)",
)


class OlderFormat(Corrupt):
    """The file is from an earlier version of Aisle; the tables can be rebuilt from the log."""


def discard(root: Path) -> None:
    """Remove the staging of a folder. Raises Unavailable if another process has it."""
    lock = FileLock(root / f"{FILE}.lock")
    for suffix in ("", "-wal", "-shm"):  # SQLite removes the side files of an empty file
        (root / f"{FILE}{suffix}").unlink(missing_ok=True)
    lock.release()


class Staging:
    """One SQLite file, and the lock that keeps other processes out. Synchronous."""

    def __init__(self, root: Path) -> None:
        """Open or create the file in a folder.

        Raises Unavailable if another process has it, Corrupt if it is damaged or has another
        format, OlderFormat if its format is an earlier one.
        """
        owner_only.folder(root)
        self.path = root / FILE
        self._lock = FileLock(root / f"{FILE}.lock")
        try:
            owner_only.file(self.path)
            check_whole(self.path, _REMEDY)
            with self.own_errors():
                self.connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
                self._prepare()
        except BaseException:
            self._lock.release()
            raise

    def _prepare(self) -> None:
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("PRAGMA cache_size = -65536")
        self._check_format()
        for table in _TABLES:
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table}")
        for index in _INDEXES:
            self.connection.execute(f"CREATE {index}")
        initial = {"format": _FORMAT, "generation": secrets.token_hex(8), "now_us": "0", "sealed_day": "-1"}
        initial["log_id"] = ""
        self.connection.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", initial.items())

    def _check_format(self) -> None:
        """Call it before changing the file. A new file has no format yet."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            return
        found = self.rows("SELECT value FROM meta WHERE name = 'format'").fetchone()
        if found and found[0] != _FORMAT:
            self.connection.close()
            error = OlderFormat if found[0] in _OLDER else Corrupt
            raise error(f"{self.path} has format {found[0]}, not {_FORMAT}; {_REMEDY}")

    @property
    def generation(self) -> str:
        """The name of this file.

        A new file gets a new name, since it has read nothing of the log.
        """
        return self.meta("generation")

    @property
    def now_us(self) -> int:
        """The log time of the newest staged record."""
        return int(self.meta("now_us"))

    @property
    def sealed_day(self) -> int:
        """The tables of this day and earlier ones are final; -1: none is."""
        return int(self.meta("sealed_day"))

    def meta(self, name: str) -> str:
        """A single value by name."""
        return str(self.row("SELECT value FROM meta WHERE name = ?", name)[0])

    def set_meta(self, name: str, value: object) -> None:
        """Call it in a transaction."""
        self.connection.execute("UPDATE meta SET value = ? WHERE name = ?", (str(value), name))

    def positions(self) -> dict[tuple[str, int], int]:
        """The offset up to which each (topic, partition) is staged."""
        rows = self.rows("SELECT topic, part, offset FROM positions")
        return {(topic, partition): offset for topic, partition, offset in rows}

    def set_positions(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Call it in a transaction."""
        rows = [(topic, partition, offset) for (topic, partition), offset in positions.items()]
        self.connection.executemany("REPLACE INTO positions VALUES (?, ?, ?)", rows)

    def keep_to_log(self, log_id: str, ends: Mapping[tuple[str, int], int]) -> bool:
        """Continue with a log from this file's positions.

        Returns False if this file is from another log, or from a later state of this one. Then all
        records of the log are staged in addition to the existing rows.
        """
        known = self.positions()
        is_same = self.meta("log_id") in ("", log_id)
        is_behind = any(offset > ends.get(place, offset) for place, offset in known.items())
        with self.transaction():
            self.set_meta("log_id", log_id)
            if not is_same:
                self.rows("DELETE FROM positions")
            elif is_behind:
                self.set_positions(
                    {place: min(known[place], end) for place, end in ends.items() if place in known}
                )
        return is_same and not is_behind

    def change(self, names: set[str]) -> None:
        """Mark files as to be exported. Call it in a transaction."""
        upsert = "INSERT INTO files VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET changed = changed + 1"
        self.connection.executemany(upsert, [(name,) for name in names])

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """Call it in a transaction."""
        add = "INSERT INTO counts VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"
        self.connection.executemany(add, counts.items())

    def counts(self) -> dict[str, int]:
        """The counts since the file was created, by name."""
        return dict(self.rows("SELECT name, count FROM counts"))

    def line_counts(self) -> dict[str, int]:
        """Interaction lines of all days by the reason why not counted; "" for those that count."""
        return dict(self.rows("SELECT reason, sum(count) FROM day_counts GROUP BY reason"))

    def rows(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Execute a statement. Returns a cursor over its rows."""
        return self.connection.execute(statement, values)

    def row(self, statement: str, *values: Any) -> tuple[Any, ...]:
        """The one row of a query that always has one."""
        row: tuple[Any, ...] = self.connection.execute(statement, values).fetchone()
        return row

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit the whole block or nothing, durable at its end, even after a kill."""
        with self.own_errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def own_errors(self) -> Iterator[None]:
        """Raise SQLite errors in the block as Aisle's errors."""
        try:
            yield
        except sqlite3.Error as error:
            raise meaning(error, self.path, _REMEDY) from error

    def close(self) -> None:
        """Close the file and release its lock."""
        self.connection.close()
        self._lock.release()
