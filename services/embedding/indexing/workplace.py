"""Where snapshots are made: one indexer at a time, and nothing left behind."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared import artifacts
from shared.errors import Overloaded
from shared.snapshot.generation import Generation


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the indexers' lock, or raise Overloaded; the system lets go of it when the process ends, however it ends."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Overloaded(f"another indexer is at work on {root}; wait until it has finished") from error
        yield


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """A folder for what is on its way into a snapshot; a full disk is named."""
    folder = root / ".incoming"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with artifacts.full_disk_named(root):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_old(root: Path, version: str, old: Generation | None) -> None:
    """Keep the new snapshot and the one before, which may still be serving."""
    for name in set(artifacts.versions(root)) - {version, old.version if old else version}:
        shutil.rmtree(root / name, ignore_errors=True)


def remove_remains(root: Path) -> None:
    """Remove what indexers that were killed have left."""
    for folder in root.glob(".tmp-*"):
        shutil.rmtree(folder, ignore_errors=True)
