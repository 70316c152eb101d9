"""The tables of a log in a SQLite file, and their versions."""

import secrets
import sqlite3
from pathlib import Path

from shared import owner_only
from shared.errors import Corrupt
from shared.events.log import COMPACTED, TOPICS
from shared.events.sqlite_check import check_tables, text
from shared.sqlite_damage import check_whole

# PRAGMA user_version; raise it with every change of tables or topics, and add a step to `_migrate`
SCHEMA = 1


def connect(path: Path, max_bytes: int) -> sqlite3.Connection:
    """A connection to the file, with all tables made.

    Raises Corrupt for a damaged file, or one of a newer Aisle.
    """
    check_whole(path)
    owner_only.file(path)  # SQLite gives this file's mode to the files beside it
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    connection.text_factory = text
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # affects new files only
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # in WAL mode: one fsync a commit
        _migrate(connection, path)
        check_tables(connection, path)
        if max_bytes:
            page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // page_bytes)}")
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Create a new file's tables, and add what an older file lacks.

    Its records are kept.
    """
    if (version := _version(connection)) > SCHEMA:
        remedy = "start the Aisle that wrote it, or restore a backup of the data folder from before"
        raise Corrupt(f"{path} has format {version}, and this Aisle reads formats up to {SCHEMA}: {remedy}")
    if version == SCHEMA:
        return
    connection.execute("BEGIN IMMEDIATE")  # another process may migrate at the same time
    try:
        for topic in TOPICS:
            _make_topic(connection, topic)
        _make_rest(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _make_topic(connection: sqlite3.Connection, topic: str) -> None:
    unique = "UNIQUE" if topic in COMPACTED else ""
    connection.execute(
        f'CREATE TABLE IF NOT EXISTS "{topic}" (offset INTEGER PRIMARY KEY AUTOINCREMENT,'
        f" key TEXT NOT NULL {unique}, value BLOB, time REAL NOT NULL, event_id TEXT)"
    )
    connection.execute(
        f'CREATE UNIQUE INDEX IF NOT EXISTS "{topic}.event_id" ON '
        f'"{topic}" (event_id) WHERE event_id IS NOT NULL'
    )


def _make_rest(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS positions (consumer_group TEXT, topic TEXT, offset INTEGER NOT NULL,"
        " PRIMARY KEY (consumer_group, topic)) WITHOUT ROWID"
    )
    # The offset up to which a topic was trimmed: records up to it may be missing.
    connection.execute("CREATE TABLE IF NOT EXISTS trimmed (topic TEXT PRIMARY KEY, offset INTEGER NOT NULL)")
    connection.execute("CREATE TABLE IF NOT EXISTS identity (log_id TEXT NOT NULL)")
    if connection.execute("SELECT count(*) FROM identity").fetchone()[0] == 0:
        connection.execute("INSERT INTO identity VALUES (?)", (secrets.token_hex(16),))
