"""The variants of each primary product in a snapshot.

primary_hashes.npy   uint64 (variants,), sorted: id_hash of each variant's primary product
variant_rows.npy     uint32 (variants,): the row of each variant
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.arrays import load
from shared.catalog.product import Product
from shared.snapshot.products import ProductStore, id_hash

_HASHES = "primary_hashes.npy"
_ROWS = "variant_rows.npy"


class VariantsWriter:
    """Takes the products in the order of their rows. Memory holds a few numbers a variant."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._hashes: list[int] = []
        self._rows: list[int] = []

    def add(self, products: Sequence[Product]) -> None:
        """Append the next rows."""
        for row, product in enumerate(products, self._count):
            if product.primary_product_id:
                self._hashes.append(id_hash(product.primary_product_id))
                self._rows.append(row)
        self._count += len(products)

    def finish(self) -> None:
        """Write the files."""
        hashes = np.array(self._hashes, np.uint64)
        order = np.argsort(hashes, kind="stable")
        np.save(self._folder / _HASHES, hashes[order])
        np.save(self._folder / _ROWS, np.array(self._rows, np.uint32)[order])


def primaries_and_rows(folder: Path) -> tuple[NDArray[np.uint64], NDArray[np.uint32]] | None:
    """The two files of a snapshot. Returns None if it is older than these."""
    hashes = folder / _HASHES
    if not hashes.exists():
        return None
    return load(hashes, mmap_mode="r"), load(folder / _ROWS, mmap_mode="r")


class Variants:
    """The variants in an opened snapshot."""

    def __init__(self, folder: Path, products: ProductStore) -> None:
        self._folder = folder
        self._products = products
        self._found: tuple[NDArray[np.uint64], NDArray[np.uint32]] | None = None

    def of(self, product_id: str) -> list[str]:
        """The ids of the variants of a primary product."""
        hashes, rows = self._opened()
        wanted = np.uint64(id_hash(product_id))
        first = np.searchsorted(hashes, wanted, "left")
        last = np.searchsorted(hashes, wanted, "right")
        variants = (self._products.product(int(row)) for row in rows[first:last])
        return [each.product_id for each in variants if each.primary_product_id == product_id]

    def _opened(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        if self._found is None:
            self._found = primaries_and_rows(self._folder) or self._scanned()
        return self._found

    def _scanned(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """The same variants, read from the products themselves.

        Snapshots of earlier versions lack the files.
        """
        primaries = [self._products.product(row).primary_product_id for row in range(len(self._products))]
        rows = np.array([row for row, primary in enumerate(primaries) if primary], np.uint32)
        hashes = np.array([id_hash(primary) for primary in primaries if primary], np.uint64)
        order = np.argsort(hashes, kind="stable")
        return hashes[order], rows[order]
