"""Writes the parts of a snapshot side by side, row after row."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.catalog.product import Product
from shared.snapshot.columns import ColumnsWriter
from shared.snapshot.lexical import LexicalWriter
from shared.snapshot.matrix import MatrixWriter
from shared.snapshot.products import ProductsWriter
from shared.snapshot.states import StatesWriter

PARTS = ("products", "dense", "states", "lexical", "columns")


class SnapshotWriter:
    """All parts but the FAISS index, which needs all vectors at once."""

    def __init__(self, folder: Path, dim: int, state_dim: int) -> None:
        for part in PARTS:
            (folder / part).mkdir()
        self._vectors = MatrixWriter(folder / "dense" / "vectors.npy", dim, "<f2")
        self._states = StatesWriter(folder / "states", state_dim)
        self._by_product = (
            ProductsWriter(folder / "products"),
            LexicalWriter(folder / "lexical"),
            ColumnsWriter(folder / "columns"),
        )

    def add(
        self, products: Sequence[Product], vectors: NDArray[np.float32], states: Sequence[NDArray[np.int8]]
    ) -> None:
        """Append the next products with their vectors (n, dim) and states."""
        self._vectors.add(np.asarray(vectors))
        self._states.add(states)
        for writer in self._by_product:
            writer.add(products)

    def finish(self) -> None:
        """Complete every file."""
        self._vectors.finish()
        self._states.finish()
        for writer in self._by_product:
            writer.finish()
