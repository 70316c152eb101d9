from functools import partial
from pathlib import Path

import pytest

from services.retrieval.snapshots import Snapshot
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot, WriteSnapshot
from tests.unit.retrieval.snapshot_on_disk import write_snapshot as write


@pytest.fixture
def write_snapshot(tmp_path: Path) -> WriteSnapshot:
    """Writes a snapshot of products and, if wanted, their vectors (n, 8); returns its folder."""
    return partial(write, tmp_path)


@pytest.fixture
def open_snapshot(write_snapshot: WriteSnapshot) -> OpenSnapshot:
    """The same, opened."""
    return lambda products, vectors=None, version="v1": Snapshot.open(
        write_snapshot(products, vectors, version)
    )
