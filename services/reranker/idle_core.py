"""Checks whether a core is idle at this moment."""

import os
from pathlib import Path

_LOAD = Path("/proc/loadavg")  # "0.50 0.40 0.30 2/77 4711": two of 77 threads are runnable


class IdleCore:
    """Reads from Linux how many threads of the machine are runnable, in two microseconds.

    On other systems no core is ever idle.
    """

    def __init__(self, path: Path = _LOAD, cores: int | None = None) -> None:
        """`cores` of the machine. None means all."""
        self._cores = cores or os.cpu_count() or 1
        self._file = os.open(path, os.O_RDONLY) if path.exists() else None

    def __bool__(self) -> bool:
        """True if no more threads are runnable than there are cores, this thread included.

        An equal number is allowed, because one of them often runs only for a moment.
        """
        if self._file is None:
            return False
        runnable = os.pread(self._file, 64, 0).split()[3].partition(b"/")[0]
        return int(runnable) <= self._cores
