"""Paths of the tables in a folder."""

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from shared.artifacts import sync

WRITING = ".writing.parquet"  # a file before it is whole
IMPRESSIONS = "impressions"
INTERACTIONS = "interactions"
BY_DAY = (IMPRESSIONS, INTERACTIONS)
_DAY = "day="  # as Hive, DuckDB and pyarrow read partitions
_PART = "part-0.parquet"


def folder_of_day(root: Path, name: str, table: str = IMPRESSIONS) -> Path:
    """The folder of a day, such as impressions/day=2026-11-29."""
    return root / table / f"{_DAY}{name}"


def file_of_day(root: Path, name: str, table: str = IMPRESSIONS) -> Path:
    """The one file of a day."""
    return folder_of_day(root, name, table) / _PART


def queries_file(root: Path) -> Path:
    """The table of queries."""
    return root / "queries.parquet"


def days_in(root: Path, table: str = IMPRESSIONS) -> list[date]:
    """The days that have a file, oldest first."""
    return sorted(_days(root / table))


def _days(folder: Path) -> Iterator[date]:
    for path in folder.glob(f"{_DAY}*/{_PART}"):
        try:
            yield date.fromisoformat(path.parent.name.removeprefix(_DAY))
        except ValueError:  # not a folder of the join
            continue


def ready_beside(root: Path) -> Path:
    """The folder of complete new tables that are to replace `root`."""
    return root.with_name(f".{root.name}-ready")


def settle(root: Path) -> None:
    """Replace the folder by new tables if they are ready. Safe to repeat after a kill."""
    ready = ready_beside(root)
    old = root.with_name(f".{root.name}-old")
    if ready.is_dir():
        if root.is_dir():
            shutil.rmtree(old, ignore_errors=True)
            os.replace(root, old)
        os.replace(ready, root)
        sync(root.parent)
    shutil.rmtree(old, ignore_errors=True)
