"""Which process has a file."""

import fcntl
import os
from pathlib import Path

from shared.errors import Corrupt, Unavailable


class FileLock:
    """Keeps a second process off the file.

    The system lets go of it when the process ends, however it ends.
    """

    def __init__(self, path: Path) -> None:
        """Raises Unavailable, naming the process, when another one has the file.

        Corrupt when it is no file.
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
