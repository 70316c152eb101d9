"""The folder in which snapshots are made.

It admits one indexer at a time, and removes leftovers.
"""

from __future__ import annotations

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TextIO

from shared import artifacts
from shared.errors import Overloaded
from shared.snapshot.generation import Generation, snapshots_of


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the indexers' lock, or raise Overloaded.

    The system releases the lock when the process ends, even after a crash.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as file:
        if not _locked(file):
            raise Overloaded(f"another indexer is at work on {root}; wait until it has finished")
        yield


@asynccontextmanager
async def the_indexer(data: Path, pause_seconds: float) -> AsyncIterator[None]:
    """Be the only process that follows the catalogue for a data folder.

    Waits as long as another one does.
    """
    root = snapshots_of(data)
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".following").open("w") as file:
        while not _locked(file):
            await asyncio.sleep(pause_seconds)
        yield


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """A folder for the unfinished parts of a snapshot. A full disk raises StorageFull."""
    folder = root / ".incoming"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with artifacts.full_disk_named(root):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_old(root: Path, version: str, old: Generation | None) -> None:
    """Keep the new snapshot and the previous one, which may still be serving."""
    for name in set(artifacts.versions(root)) - {version, old.version if old else version}:
        shutil.rmtree(root / name, ignore_errors=True)
