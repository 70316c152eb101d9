"""The products of a snapshot: messages by row, and rows by id.

No product needs a Python object in memory.

payloads.bin     serialised aisle.v1.Product, back to back
offsets.npy      int64 (n + 1): the start of each message
ids.bin          product ids in UTF-8, back to back
id_offsets.npy   int64 (n + 1): the start of each id
hashes.npy       uint64 (n,), sorted: first 8 bytes of blake2b
hash_rows.npy    uint32 (n,): the row of each hash
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.arrays import load
from shared.catalog.product import Product
from shared.catalog.wire import family_of, from_bytes, to_bytes
from shared.snapshot.spans import end_to_end

_KNOWN = 50_000  # rows and families that are remembered, some megabytes


def id_hash(product_id: str) -> int:
    """64 bits of an id, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(product_id.encode(), digest_size=8).digest(), "little")


class BlobWriter:
    """Writes byte strings back to back into a data file.

    The ends stay in memory until finish() writes the offsets. The file is open only while it is
    written to, so a writer may be dropped at any time.
    """

    def __init__(self, data: Path, offsets: Path) -> None:
        data.touch()
        self._data = data
        self._offsets = offsets
        self._ends = [0]

    def add(self, blobs: Sequence[bytes]) -> None:
        """Append blobs. Calls with a few thousand blobs are faster than single ones."""
        with self._data.open("ab") as file:
            for blob in blobs:
                file.write(blob)
                self._ends.append(self._ends[-1] + len(blob))

    def finish(self) -> None:
        """Write the offsets."""
        np.save(self._offsets, np.array(self._ends, dtype=np.int64))


class Blobs:
    """The file of a BlobWriter, memory-mapped."""

    def __init__(self, data: Path, offsets: Path) -> None:
        # As plain arrays: a slice of a memmap object costs five times as much.
        self._offsets: NDArray[np.int64] = np.asarray(load(offsets, mmap_mode="r"))
        self._data = (
            np.asarray(np.memmap(data, np.uint8, "r")) if data.stat().st_size else np.zeros(0, np.uint8)
        )

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, row: int) -> bytes:
        return self._data[self._offsets[row] : self._offsets[row + 1]].tobytes()

    def texts(self, rows: NDArray[np.int64]) -> list[str]:
        """The blobs of some rows as text.

        All are copied and decoded at once, which is several times faster than one by one.
        """
        first = self._offsets[rows]
        counts = self._offsets[rows + 1] - first
        index, starts = end_to_end(first, counts)
        data = self._data[index].tobytes()
        text = data.decode()
        spans = list(zip(starts.tolist(), (starts + counts).tolist(), strict=True))
        if len(text) == len(data):  # ASCII: characters have the positions of bytes
            return [text[start:end] for start, end in spans]
        return [data[start:end].decode() for start, end in spans]


class ProductsWriter:
    """Writes products in the order of their rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._payloads = BlobWriter(folder / "payloads.bin", folder / "offsets.npy")
        self._ids = BlobWriter(folder / "ids.bin", folder / "id_offsets.npy")
        self._hashes: list[int] = []

    def add(self, products: Sequence[Product]) -> None:
        """Add products. An id may occur once in a snapshot."""
        self.add_payloads(
            [product.product_id for product in products],
            [to_bytes(product) for product in products],
        )

    def add_payloads(self, product_ids: Sequence[str], payloads: Sequence[bytes]) -> None:
        """Append serialised products."""
        self._payloads.add(payloads)
        self._ids.add([product_id.encode() for product_id in product_ids])
        self._hashes += map(id_hash, product_ids)

    def finish(self) -> None:
        """Write the data that is still in memory."""
        self._payloads.finish()
        self._ids.finish()
        hashes = np.array(self._hashes, dtype=np.uint64)
        order = np.argsort(hashes, kind="stable")
        np.save(self._folder / "hashes.npy", hashes[order])
        np.save(self._folder / "hash_rows.npy", order.astype(np.uint32))


class ProductStore:
    """The products of an opened snapshot."""

    def __init__(self, folder: Path) -> None:
        self._payloads = Blobs(folder / "payloads.bin", folder / "offsets.npy")
        self._ids = Blobs(folder / "ids.bin", folder / "id_offsets.npy")
        self._hashes: NDArray[np.uint64] = load(folder / "hashes.npy", mmap_mode="r")
        self._hash_rows: NDArray[np.uint32] = load(folder / "hash_rows.npy", mmap_mode="r")
        # Recommendations ask for hundreds of products a page, and for the same ones again and again
        self._known_row = lru_cache(_KNOWN)(self._row)
        self._known_family = lru_cache(_KNOWN)(lambda row: family_of(self._payloads[row]))

    @classmethod
    def open(cls, folder: Path) -> ProductStore:
        """Map the files of a snapshot's products/ folder."""
        return cls(folder)

    def __len__(self) -> int:
        return len(self._payloads)

    def payload(self, row: int) -> bytes:
        """The serialised product in a row."""
        return self._payloads[row]

    def product(self, row: int) -> Product:
        """The product in a row, as a value."""
        return from_bytes(self._payloads[row])

    def hashes_by_row(self) -> NDArray[np.uint64]:
        """The id_hash of every product (n,), in the order of the rows."""
        hashes = np.empty(len(self), np.uint64)
        hashes[self._hash_rows] = self._hashes
        return hashes

    def rows_of_hashes(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row of each id_hash (k,), -1 for those of no product."""
        if not len(self):
            return np.full(len(hashes), -1)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self) - 1)
        rows = self._hash_rows[places].astype(np.int64)
        return np.where(self._hashes[places] == hashes, rows, -1)

    def product_ids(self, rows: NDArray[np.int64]) -> list[str]:
        """The ids in some rows."""
        return self._ids.texts(rows)

    def was_removed(self, product_id: str) -> bool:
        """Whether a product was removed since the snapshot was written: none was, in a snapshot."""
        return False

    def row(self, product_id: str) -> int | None:
        """The row of a product. Returns None if the snapshot lacks the product."""
        return self._known_row(product_id)

    def family(self, row: int) -> tuple[str, str]:
        """The id of the product in a row, and that of the primary product of its family of
        variants.
        """
        return self._known_family(row)

    def _row(self, product_id: str) -> int | None:
        wanted = id_hash(product_id)
        first = int(np.searchsorted(self._hashes, np.uint64(wanted)))
        # Two ids may share a hash
        while first < len(self._hashes) and int(self._hashes[first]) == wanted:
            if self._ids[row := int(self._hash_rows[first])].decode() == product_id:
                return row
            first += 1
        return None
