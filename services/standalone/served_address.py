"""Where the engine of a data folder listens, for commands beside it."""

from pathlib import Path

from shared.errors import Unavailable
from shared.events.file_lock import FileLock

_NAME = "address"


def note(data: Path, address: str) -> None:
    """Write down where this process serves the folder.

    It counts as long as the process has the folder's log.
    """
    (data / _NAME).write_text(address)


def serving(data: Path) -> str:
    """The address of the engine that serves the folder now; empty if none does."""
    if not (data / _NAME).exists():
        return ""
    try:
        FileLock(data / "log.sqlite.lock").release()
    except Unavailable:
        return (data / _NAME).read_text()
    return ""
