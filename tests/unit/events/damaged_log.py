"""A log in a file with damaged rows."""

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(path: Path, statement: str, *values: object) -> None:
    """Change the file directly, against the log's rules."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement, values)
