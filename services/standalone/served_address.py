"""The address of a data folder's engine, for commands beside it."""

from pathlib import Path

from shared.errors import Unavailable
from shared.events.file_lock import FileLock

_NAME = "address"


def note(data: Path, address: str) -> None:
    """Store the address at which this process serves the folder.

    It is valid as long as the process holds the folder's log.
    """
    (data / _NAME).write_text(address)


def serving(data: Path) -> str:
    """The address of the engine that serves the folder now. Empty if none does."""
    if not (data / _NAME).exists():
        return ""
    try:
        FileLock(data / "log.sqlite.lock").release()
    except Unavailable:
        return (data / _NAME).read_text()
    return ""
