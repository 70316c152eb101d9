"""The family of every row of a snapshot: which products are forms of one product.

A family is a primary product and its variants. Variants whose primary product is not in the
snapshot are a family, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.snapshot.products import ProductStore, id_hash
from shared.snapshot.variants import primaries_and_rows

Codes = NDArray[np.uint32]
_NO_VARIANTS = np.empty(0, np.uint64), np.empty(0, np.uint32)


@dataclass(frozen=True)
class FamilyCodes:
    """The codes of a snapshot's families.

    A family has the code of its primary product's row. Families without one have the codes after
    the last row, in the order of `missing`.
    """

    codes: Codes  # (n,): of the family of each row
    # Sorted: hashes of the primary products that are not in the snapshot
    missing: NDArray[np.uint64]

    @classmethod
    def read(cls, folder: Path, products: ProductStore) -> FamilyCodes:
        """The codes of an opened snapshot, by its folder of products.

        In a snapshot that is older than the files of variants, every product is alone.
        """
        codes = np.arange(len(products), dtype=np.uint32)
        hashes, rows = primaries_and_rows(folder) or _NO_VARIANTS
        primaries, inverse = np.unique(hashes, return_inverse=True)
        found = products.rows_of_hashes(primaries)
        is_missing = found < 0
        found[is_missing] = len(products) + np.arange(np.count_nonzero(is_missing))
        codes[rows] = found[inverse]
        return cls(codes, primaries[is_missing])

    def __len__(self) -> int:
        """How many codes there may be."""
        return len(self.codes) + len(self.missing)

    @property
    def without_primary(self) -> int:
        """How many variants name a primary product that the snapshot lacks."""
        return int(np.count_nonzero(self.codes >= len(self.codes)))

    def of_missing(self, product_id: str) -> int | None:
        """The code of the variants of a product that the snapshot lacks. None without any."""
        wanted = np.uint64(id_hash(product_id))
        place = int(np.searchsorted(self.missing, wanted))
        known = place < len(self.missing) and self.missing[place] == wanted
        return len(self.codes) + place if known else None
