"""The working folder of a benchmark of the sample shop."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aisle.v1.catalog_pb2 import Product
from bench.cpu import cpu
from shared.snapshot.generation import Generation
from tests.sample_shop import indexed_sample


@dataclass(frozen=True)
class WorkFolder:
    """A temporary folder with the sample shop's files and an indexed shop."""

    folder: Path
    sample: Path
    indexed: Path

    def copied(self, name: str = "data") -> Path:
        """FOLDER/name: a copy of the indexed shop without its log, for a run to change."""
        return Path(
            shutil.copytree(
                self.indexed,
                self.folder / name,
                ignore=shutil.ignore_patterns("log.sqlite*", "features.sqlite*"),
            )
        )


@contextmanager
def work_folder(indexed: Path | None) -> Iterator[WorkFolder]:
    """Print the processor, and prepare the folder.

    `indexed` is an existing data folder. With None, the sample is indexed.
    """
    print(f"cpu: {cpu()}, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        yield WorkFolder(Path(folder), *indexed_sample(Path(folder), indexed))


def products_of(base: Generation) -> list[Product]:
    """All products of a snapshot, as they are written."""
    return [Product.FromString(base.products.payload(row)) for row in range(len(base.products))]
