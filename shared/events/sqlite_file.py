"""The tables of a log in a SQLite file, and the statements on them. Synchronous."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from shared import clock
from shared.events.log import CO_PARTITIONED, COMPACTED, SINGLE, TOPICS, Appended, NewRecord, Record
from shared.events.sqlite_check import COLUMNS, record_of
from shared.events.sqlite_schema import connect
from shared.sqlite_damage import meaning
from shared.steady_clock import SteadyClock

Batch = tuple[str, Sequence[NewRecord]]  # topic, records
Result = TypeVar("Result")

# Records forgotten or removed in one transaction, so that no append waits for long
_AT_ONCE = 1_000
_NO_END = (1 << 63) - 1
_INCREMENTAL = 2  # a value of PRAGMA auto_vacuum
_TIME = "CAST(time AS REAL)"  # a damaged time counts as long past
_FREE_SHARE = 8  # a file is shrunk if more than an eighth of it is free


class SqliteFile:
    """One connection; each topic is a table.

    A unique index finds duplicates without holding ids in memory. In a compacted topic the key is
    unique, and a newer record replaces the older. An offset is never reused.
    """

    def __init__(self, path: Path, max_bytes: int = 0) -> None:
        """Open or create the file. With `max_bytes` 0, only the disk limits it."""
        self.path = path
        self._forgotten = dict.fromkeys(TOPICS, 0)  # offset up to which event ids are forgotten
        self._connection = self._guarded(lambda: connect(path, max_bytes))
        self._clock = SteadyClock(self._newest_seconds())

    def _newest_seconds(self) -> float | None:
        """When the newest record of the topics of events was appended.

        Returns None if there is none.
        """
        newest = [
            self._rows(f'SELECT {_TIME} FROM "{topic}" ORDER BY offset DESC LIMIT 1')
            for topic in CO_PARTITIONED
        ]
        return max((float(rows[0][0]) for rows in newest if rows), default=None)

    def append(self, batches: Sequence[Batch], dedup_seconds: float) -> list[list[Appended]]:
        """Append all batches in one transaction.

        On return they are durable; after an error, none is written.
        """
        return self._guarded(lambda: self._append(batches, dedup_seconds))

    def _append(self, batches: Sequence[Batch], dedup_seconds: float) -> list[list[Appended]]:
        now = clock.now()
        with self._transaction():
            appended = [
                [self._insert(topic, record, now) for record in records] for topic, records in batches
            ]
            for topic in {topic for topic, _ in batches}:
                self._forget(topic, self._clock.now() - dedup_seconds)
        return appended

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _insert(self, topic: str, record: NewRecord, now: float) -> Appended:
        if (
            record.event_id is not None
            and topic in SINGLE
            and (known := self._offset_of(topic, record.event_id))
        ):
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
        row = self._connection.execute(
            f'SELECT offset FROM "{topic}" WHERE event_id = ?', (event_id,)
        ).fetchone()
        return int(row[0]) if row else 0

    def _forget(self, topic: str, before_seconds: float) -> None:
        """Forget the event ids of old records at the start of the topic. The records stay."""
        start = self._forgotten[topic]
        through, _ = self._oldest(topic, (start, _AT_ONCE), (before_seconds, _NO_END))
        if through:
            forgotten = "SET event_id = NULL WHERE offset > ? AND offset <= ? AND event_id IS NOT NULL"
            self._connection.execute(f'UPDATE "{topic}" {forgotten}', (start, through))
            self._forgotten[topic] = through

    def _oldest(self, topic: str, part: tuple[int, int], end: tuple[float, int]) -> tuple[int, int]:
        """The last offset and the number of old records in a part of a topic.

        `part` is an offset, and the number of records after it. `end` is a time and an offset: old
        records end before the first one that is not older, or is beyond the offset. After a clock
        error, records behind that one may look older than they are.
        """
        one = self._connection.execute(
            f'SELECT {_TIME} FROM "{topic}" WHERE offset > ? ORDER BY offset LIMIT 1', part[:1]
        )
        if (first := one.fetchone()) is None or first[0] >= end[0]:
            return 0, 0  # almost always the case, and fast
        rows = f'SELECT offset, {_TIME} AS time FROM "{topic}" WHERE offset > ? ORDER BY offset LIMIT ?'
        stop = f"SELECT min(offset) FROM ({rows}) WHERE time >= ? OR offset > ?"
        statement = f"SELECT max(offset), count(*) FROM ({rows}) WHERE offset < coalesce(({stop}), ?)"
        found = self._connection.execute(statement, (*part, *part, *end, _NO_END)).fetchone()
        return int(found[0] or 0), int(found[1])

    def trim(self, topic: str, through_offset: int, before_seconds: float, most: int = _AT_ONCE) -> int:
        """Remove up to `most` records older than a time, up to an offset.

        Returns the number removed.
        """
        return self._guarded(lambda: self._trim(topic, through_offset, before_seconds, most))

    def _trim(self, topic: str, through_offset: int, before_seconds: float, most: int) -> int:
        last, count = self._oldest(topic, (0, most), (before_seconds, through_offset))
        if count:
            note = (
                "INSERT INTO trimmed VALUES (?, ?) ON CONFLICT DO UPDATE "
                "SET offset = max(offset, excluded.offset)"
            )
            with self._transaction():
                self._connection.execute(f'DELETE FROM "{topic}" WHERE offset <= ?', (last,))
                self._connection.execute(note, (topic, last))
        return count

    def drop_tombstones(
        self, topic: str, part: tuple[int, int], before_seconds: float, most: int = _AT_ONCE
    ) -> int:
        """Scan a part of a compacted topic, after one offset and up to another.

        Tombstones older than a time are removed, and with them all records for parts of their keys
        (KEY NUL PART), which have no use without them. Returns the last offset scanned, or 0 at the
        end of the part.
        """
        rows = f'SELECT offset, key, value IS NULL AND time < ? FROM "{topic}"'
        found = self._rows(
            f"{rows} WHERE offset > ? AND offset <= ? ORDER BY offset LIMIT ?", before_seconds, *part, most
        )
        gone = [key for _, key, is_old_tombstone in found if is_old_tombstone]
        if gone:
            self._guarded(lambda: self._drop_keys(topic, gone, part[1]))
        return int(found[-1][0]) if found else 0

    def _drop_keys(self, topic: str, keys: Sequence[str], through_offset: int) -> None:
        with self._transaction():
            for key in keys:
                parts = f'DELETE FROM "{topic}" WHERE key > ? AND key < ? AND offset <= ?'
                self._connection.execute(parts, (f"{key}\0", f"{key}\1", through_offset))
                self._connection.execute(f'DELETE FROM "{topic}" WHERE key = ?', (key,))

    def trimmed_through(self, topic: str) -> int:
        """The last offset that was trimmed. 0 if only superseded records are missing."""
        rows = self._rows("SELECT offset FROM trimmed WHERE topic = ?", topic)
        return int(rows[0][0]) if rows else 0

    def oldest_seconds(self, topic: str) -> float | None:
        """When the oldest record was appended. Returns None for an empty topic."""
        rows = self._rows(f'SELECT {_TIME} FROM "{topic}" ORDER BY offset LIMIT 1')
        return float(rows[0][0]) if rows else None

    def used_bytes(self) -> int:
        """The bytes of records and their indexes, without the free pages of the file."""
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")

    def shrink(self, pages: int) -> bool:
        """Return some free pages to the system if many are free.

        Returns whether any page was released.
        """
        free = self._pragma("freelist_count")
        if free * _FREE_SHARE < self._pragma("page_count") or self._pragma("auto_vacuum") != _INCREMENTAL:
            return False  # new records fill them; files of an older Aisle do not support this
        self._rows(f"PRAGMA incremental_vacuum({pages})")
        return self._pragma("freelist_count") < free

    def log_id(self) -> str:
        """A unique name of the log. Copies of the file share it."""
        return str(self._rows("SELECT log_id FROM identity")[0][0])

    def now(self) -> float:
        """The time, for decisions about age. A clock that jumps ahead briefly has no effect."""
        return self._clock.now()

    def _pragma(self, name: str) -> int:
        return int(self._rows(f"PRAGMA {name}")[0][0])

    def read(self, topic: str, after_offset: int, limit: int) -> list[Record]:
        """Records after an offset, oldest first. Damaged records have `damage` set."""
        condition = "WHERE offset > ? ORDER BY offset LIMIT ?"
        rows = self._rows(f'SELECT {COLUMNS} FROM "{topic}" {condition}', after_offset, limit)
        return [record_of(row, topic, self.path) for row in rows]

    def drop(self, topic: str, through_offset: int) -> None:
        """Remove the records up to and including an offset. Offsets are not reused."""
        self._rows(f'DELETE FROM "{topic}" WHERE offset <= ?', through_offset)

    def position(self, group: str, topic: str) -> int:
        """The offset that a group has committed. 0 before its first commit."""
        statement = "SELECT offset FROM positions WHERE consumer_group = ? AND topic = ?"
        rows = self._rows(statement, group, topic)
        return int(rows[0][0]) if rows else 0

    def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        """Advance a group to an offset in each topic, never back."""
        statement = (
            "INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
            "SET offset = max(offset, excluded.offset)"
        )
        for topic, offset in offsets.items():
            self._rows(statement, group, topic, offset)

    def end_offset(self, topic: str) -> int:
        """The greatest offset ever assigned in a topic."""
        assigned = self._rows("SELECT seq FROM sqlite_sequence WHERE name = ?", topic)
        stored = self._rows(f'SELECT max(offset) FROM "{topic}"')
        return max(int(assigned[0][0]) if assigned else 0, int(stored[0][0] or 0))

    def close(self) -> None:
        self._connection.close()

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._guarded(lambda: self._connection.execute(statement, values).fetchall())

    def _guarded(self, action: Callable[[], Result]) -> Result:
        try:
            return action()
        except sqlite3.Error as error:
            raise meaning(error, self.path) from error
