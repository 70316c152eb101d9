from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
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


@pytest.fixture(scope="module")
def open_shared_snapshot(tmp_path_factory: pytest.TempPathFactory) -> OpenSnapshot:
    """The same for a snapshot that the tests of a module share, since they only read it."""

    def opened(products: Sequence[Product], vectors: Any = None, version: str = "v1") -> Snapshot:
        return Snapshot.open(write(tmp_path_factory.mktemp("shared"), products, vectors, version))

    return opened
