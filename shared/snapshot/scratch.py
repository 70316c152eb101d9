"""A folder of this process alone; what is left of one that was killed is removed by the next."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import uuid
from pathlib import Path

from shared.errors import StorageFull

_LOCK = ".lock"
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 1 << 30  # free; a word index has about 130 bytes a product


class Scratch:
    """A new folder under `root`, locked as long as the process lives; remains of others are removed."""

    def __init__(self, root: Path) -> None:
        """Raises StorageFull when nothing can be written there."""
        try:
            root.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(root)
            self.folder = root / uuid.uuid4().hex
            made = root / f".{self.folder.name}"  # nobody looks at it before it is locked
            made.mkdir()
            self._lock = (made / _LOCK).open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            made.rename(self.folder)
        except OSError as error:
            raise StorageFull(
                f"{root} cannot be written to ({error}); name another folder for scratch files"
            ) from error

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def scratch_root(configured: str, data: Path, memory: Path = _MEMORY) -> Path:
    """Where scratch folders are: as configured, else in memory where it has plenty of room.

    What is there is written several times a second and need not last, and on a disk each time waits for the disk. Else
    DATA/live, where links to the snapshot's files can be made, or the system's temporary files.
    """
    if configured:
        return Path(configured)
    name = f"aisle-live-{os.getuid()}"
    roots = [data / "live", Path(tempfile.gettempdir()) / name]
    if memory.is_dir() and shutil.disk_usage(memory).free >= _ROOM_BYTES:
        roots.insert(0, memory / name)
    return next((root for root in roots if _is_writable(root)), roots[-1])


def _is_writable(root: Path) -> bool:
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            return True
    except OSError:
        return False


def _remove_abandoned(root: Path) -> None:
    for folder in root.iterdir():
        if folder.name[0] != "." and _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is in use, or no folder of ours
        return False
    return True
