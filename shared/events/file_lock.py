"""Locks a file for one process."""

import fcntl
import os
from pathlib import Path

from shared.errors import Corrupt, Unavailable


class FileLock:
    """Keeps other processes off a file.

    The system releases the lock when the process ends, even after a crash.
    """

    def __init__(self, path: Path) -> None:
        """Raises Unavailable, naming the process, if another one holds the file.

        Raises Corrupt if the path is a folder.
        """
        try:
            self._file = path.open("a+", errors="replace")
        except IsADirectoryError as error:
            raise Corrupt(f"{path} is a folder, where a file belongs; remove it") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            owner = self._file.read().strip()
            self._file.close()
            raise Unavailable(
                f"{path.with_suffix('')} is in use by process {owner}; stop it, or use another data folder"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()
