"""Writes the parts of a snapshot side by side, row by row."""

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
from shared.snapshot.variants import VariantsWriter
from shared.text.dictionaries import NONE, Dictionaries

PARTS = ("products", "dense", "states", "lexical", "columns")


class SnapshotWriter:
    """All parts except the FAISS index, which needs all vectors at once.

    Products and their encodings come separately, each in the order of the rows, because the encoder
    may lag behind.
    """

    def __init__(self, folder: Path, dim: int, state_dim: int, dictionaries: Dictionaries = NONE) -> None:
        for part in PARTS:
            (folder / part).mkdir()
        self._products = ProductsWriter(folder / "products")
        self._variants = VariantsWriter(folder / "products")
        self._lexical = LexicalWriter(folder / "lexical", dictionaries)
        self._columns = ColumnsWriter(folder / "columns")
        self._vectors = MatrixWriter(folder / "dense" / "vectors.npy", dim, "<f2")
        self._states = StatesWriter(folder / "states", state_dim)

    def add_products(self, products: Sequence[Product], payloads: Sequence[bytes]) -> None:
        """Append the next products, as values and as serialised messages."""
        self._products.add_payloads([product.product_id for product in products], payloads)
        self._variants.add(products)
        self._lexical.add(products)
        self._columns.add(products)

    def finish_products(self) -> None:
        """Complete the files made from products."""
        for writer in (self._products, self._variants, self._lexical, self._columns):
            writer.finish()

    def add_encodings(self, vectors: NDArray[np.float32], states: Sequence[NDArray[np.int8]]) -> None:
        """Append the next products' vectors (n, dim) and states."""
        self._vectors.add(vectors)
        self._states.add(states)

    def finish_encodings(self) -> None:
        """Complete vectors and states."""
        self._vectors.finish()
        self._states.finish()
