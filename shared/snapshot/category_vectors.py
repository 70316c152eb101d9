"""The names of a snapshot's categories, with the encoder's vectors of them.

dense/categories.txt    the last parts of categories, clean, one a line
dense/categories.npy    (m, dim) float16, unit norm, in the same order
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.arrays import load

_NAMES, _VECTORS = Path("dense", "categories.txt"), Path("dense", "categories.npy")


@dataclass(frozen=True)
class CategoryVectors:
    """Names (m) and their vectors (m, dim)."""

    names: tuple[str, ...]
    vectors: NDArray[np.float32]

    @classmethod
    def read(cls, folder: Path) -> CategoryVectors:
        """Those in the folder of a snapshot; none in one of an older version."""
        if not (folder / _NAMES).exists():
            return NO_CATEGORIES
        names = (folder / _NAMES).read_text("utf-8").split("\n")
        return cls(tuple(names), load(folder / _VECTORS).astype(np.float32))

    def write(self, folder: Path) -> None:
        """Write them into the folder of a snapshot."""
        if self.names:
            (folder / _NAMES).write_text("\n".join(self.names), "utf-8")
            np.save(folder / _VECTORS, self.vectors.astype(np.float16))


NO_CATEGORIES = CategoryVectors((), np.empty((0, 0), np.float32))
