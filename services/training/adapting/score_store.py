"""Scores of teachers on disk, so that a run that was stopped goes on where it was."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

_TABLE = "CREATE TABLE IF NOT EXISTS scores (pair BLOB PRIMARY KEY, score REAL NOT NULL) WITHOUT ROWID"


class ScoreStore:
    """A file of scores by teacher, query and product text. Each `add` is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(_TABLE)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def count(self) -> int:
        """How many scores are kept."""
        return int(self._connection.execute("SELECT count(*) FROM scores").fetchone()[0])

    def known(self, teacher: str, query: str, texts: Sequence[str]) -> dict[str, float]:
        """The scores that are there, by text."""
        keys = {_key(teacher, query, text): text for text in texts}
        marks = ",".join("?" * len(keys))
        found = self._connection.execute(
            f"SELECT pair, score FROM scores WHERE pair IN ({marks})",
            list(keys),
        )
        return {keys[pair]: score for pair, score in found}

    def add(self, teacher: str, query: str, scores: Mapping[str, float]) -> None:
        """Keep the scores of a query, by text."""
        rows = [(_key(teacher, query, text), score) for text, score in scores.items()]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?)", rows)


def _key(teacher: str, query: str, text: str) -> bytes:
    return hashlib.blake2b("\0".join((teacher, query, text)).encode(), digest_size=16).digest()
