"""Products to be indexed.

They are kept on disk in their order of arrival. The last one of an id counts.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.catalog.product import Product
from shared.catalog.wire import to_bytes
from shared.snapshot.products import Blobs, BlobWriter, id_hash

Hashes = NDArray[np.uint64]

_AT_ONCE = 1_024


class IncomingProducts:
    """A file of products. Memory holds 8 bytes a product.

    Products are identified by 64 bits of their id. In a million, two different ids collide with a
    probability of 3 in 10^8.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` must exist. The caller removes it."""
        self._data = folder / "incoming.bin"
        self._offsets = folder / "incoming.npy"
        self._writer = BlobWriter(self._data, self._offsets)
        self._waiting: list[bytes] = []
        self._hashes: list[int] = []

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, product: Product) -> None:
        """Add one product."""
        self._waiting.append(to_bytes(product))
        self._hashes.append(id_hash(product.product_id))
        if len(self._waiting) == _AT_ONCE:
            self._write()

    def finish(self) -> None:
        """Make the added products readable."""
        self._write()
        self._writer.finish()
        self._blobs = Blobs(self._data, self._offsets)

    def _write(self) -> None:
        self._writer.add(self._waiting)
        self._waiting = []

    def payload(self, place: int) -> bytes:
        """The serialised product at a position, from 0."""
        return self._blobs[place]

    def repeated_count(self, start: int = 0) -> int:
        """The number of products from a position on whose id has occurred before."""
        return len(self._hashes) - start - len(set(self._hashes[start:]))

    def last_places(self) -> tuple[Hashes, NDArray[np.int64]]:
        """The hash and last position of each distinct id, in the order of first arrival."""
        hashes = np.array(self._hashes, dtype=np.uint64)
        unique, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        last = np.zeros(len(unique), dtype=np.int64)
        np.maximum.at(last, inverse, np.arange(len(hashes)))
        order = np.argsort(first, kind="stable")
        return unique[order], last[order]

    def hashes(self, count: int) -> Hashes:
        """The id hashes of the first `count` products."""
        return np.array(self._hashes[:count], dtype=np.uint64)
