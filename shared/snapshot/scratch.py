"""A private folder of this process. The folder of a killed process is removed by the next one."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
import uuid
from pathlib import Path

from shared import owner_only
from shared.errors import StorageFull

_LOCK = ".lock"
_NAME = re.compile("[0-9a-f]{32}")
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 1 << 30  # free space; a word index has about 130 bytes a product


class Scratch:
    """A new folder under `root`, locked as long as the process lives.

    Folders of dead processes are removed.
    """

    def __init__(self, root: Path) -> None:
        """Raises StorageFull if the folder is not writable, or writable for others."""
        if fault := _fault(root):
            raise StorageFull(
                f"{root} {fault}; name another folder for scratch files (AISLE_RETRIEVAL_SCRATCH)"
            )
        try:
            owner_only.folder(root)
            _remove_abandoned(root)
            self.folder = root / uuid.uuid4().hex
            made = root / f".{self.folder.name}"  # other processes ignore it until it is locked
            made.mkdir(mode=0o700)
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
    """The parent of scratch folders: the configured one, or memory if it has plenty of room.

    Scratch files are written several times a second and need not last, and a disk would delay each
    write. The alternatives are DATA/live, where the snapshot's files can be linked, and the
    system's temporary folder.
    """
    name = f"aisle-live-{os.getuid()}"
    if configured:
        return Path(configured) / name if _is_for_all(Path(configured)) else Path(configured)
    roots = [data / "live", Path(tempfile.gettempdir()) / name]
    if memory.is_dir() and shutil.disk_usage(memory).free >= _ROOM_BYTES:
        roots.insert(0, memory / name)
    return next((root for root in roots if _is_usable(root)), roots[-1])


def _is_for_all(folder: Path) -> bool:
    """Whether all users may write to the folder, but not remove files of others, as in /tmp."""
    try:
        return bool(folder.stat().st_mode & stat.S_ISVTX)
    except OSError:
        return False


def _is_usable(root: Path) -> bool:
    if _fault(root):
        return False
    try:
        owner_only.folder(root)
        with tempfile.TemporaryFile(dir=root):
            return True
    except OSError:
        return False


def _fault(root: Path) -> str:
    """Why an existing folder is not used. Its owner could remove or replace its files."""
    owner_only.close_to_others(root)
    try:
        found = root.lstat()
    except OSError:  # it does not exist; making it will report any other fault
        return ""
    if stat.S_ISLNK(found.st_mode):
        return "is a symlink"
    if not owner_only.is_ours(found):
        return "belongs to another user"
    return "is open to other users" if stat.S_IMODE(found.st_mode) & 0o077 else ""


def _remove_abandoned(root: Path) -> None:
    for folder in root.iterdir():
        if _NAME.fullmatch(folder.name) and _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """Whether no process holds its lock. Symlinks and folders without a lock are not ours."""
    try:
        found = folder.lstat()
        if stat.S_ISLNK(found.st_mode) or not owner_only.is_ours(found):
            return False
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process holds it
        return False
    finally:
        os.close(lock)
    return True
