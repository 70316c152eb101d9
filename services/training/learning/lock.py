"""Lets one process at a time learn from a data folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.training.learning.state import FOLDER
from shared.errors import Unavailable
from shared.events.file_lock import FileLock

_FILE = "learner.lock"
_POLL_SECONDS = 0.2


@contextmanager
def only_learner(data: Path, wait_seconds: float) -> Iterator[None]:
    """Keep other processes from learning from DATA until the block ends.

    Raises Unavailable, naming the other process, if it still learns after `wait_seconds`. The
    operating system releases the lock of a killed process.
    """
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    lock = _locked(folder / _FILE, time.monotonic() + wait_seconds)
    try:
        yield
    finally:
        lock.release()


def _locked(path: Path, until: float) -> FileLock:
    while True:
        try:
            return FileLock(path)
        except Unavailable as error:
            if time.monotonic() >= until:
                owner = path.read_text(errors="replace").strip()
                raise Unavailable(
                    f"process {owner} learns from this folder already; try again later"
                ) from error
        time.sleep(_POLL_SECONDS)
