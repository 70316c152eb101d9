"""Notices that another process has changed a log's SQLite file."""

import sqlite3
from pathlib import Path

from shared.events.sqlite_schema import connect
from shared.sqlite_damage import meaning


class SqliteChanges:
    """A connection of its own, which reads nothing but SQLite's counter of changes."""

    def __init__(self, path: Path) -> None:
        """Raises Corrupt if the file is damaged."""
        self._path = path
        try:
            self._connection = connect(path, 0)
        except sqlite3.Error as error:
            raise meaning(error, path) from error

    def version(self) -> int:
        """A number that differs after each change by another connection."""
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise meaning(error, self._path) from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
