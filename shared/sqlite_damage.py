"""Translates SQLite errors to errors that name the file and the remedy."""

import sqlite3
from pathlib import Path

from shared.errors import AisleError, Corrupt, StorageFull, Unavailable

RESTORE = "restore it from a backup"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
# SQLite has no code for these
_DAMAGED_WORDS = ("Could not decode to UTF-8", "no such table", "no such column")
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_LARGEST_PAGE_BYTES = 65_536


def meaning(error: sqlite3.Error, path: Path, remedy: str = RESTORE) -> AisleError:
    """The AisleError for an error of SQLite. `remedy` is for a damaged file."""
    # Extended codes keep the primary one in the low byte
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StorageFull(f"no room left for {path}; nothing of this was kept: free some space, retry")
    if path.is_dir():
        return Corrupt(f"{path} is a folder, where a file belongs; {remedy}")
    if code in _DAMAGED or any(words in str(error) for words in _DAMAGED_WORDS):
        return Corrupt(f"{path} is damaged ({error}); {remedy}")
    return Unavailable(f"{path} cannot be used ({error}); see who else has it open, and its permissions")


def check_whole(path: Path, remedy: str = RESTORE) -> None:
    """Raise Corrupt for a file that ends within a page, because SQLite reads the missing rest as
    zeros.

    While a write-ahead log exists, the file may have any length; the log has the rest.
    """
    wal = path.with_name(path.name + "-wal")
    if not path.is_file() or _size_bytes(wal):
        return
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    page_bytes = int.from_bytes(header[16:18], "big") if header.startswith(_MAGIC) else 0
    page_bytes = _LARGEST_PAGE_BYTES if page_bytes == 1 else page_bytes
    if page_bytes and path.stat().st_size % page_bytes:
        raise Corrupt(f"{path} is damaged (it ends within a page); {remedy}")


def _size_bytes(path: Path) -> int:
    """The size of a file. 0 if it is missing.

    Another process that closes the database removes the files beside it.
    """
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
