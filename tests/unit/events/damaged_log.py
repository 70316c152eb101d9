"""A log in a file whose rows are not what was written to it."""

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(path: Path, statement: str, *values: object) -> None:
    """Change the file behind the log's back, whatever the log's rules are."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement, values)
