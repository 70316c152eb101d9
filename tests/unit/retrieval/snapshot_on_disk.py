"""A whole snapshot of a few products, written by the real writers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.snapshots import Snapshot
from shared.artifacts import write_manifest
from shared.catalog.product import Product
from shared.snapshot.columns import ColumnsWriter
from shared.snapshot.generation import FORMAT
from shared.snapshot.lexical import LexicalWriter
from shared.snapshot.products import ProductsWriter

DIM = 8


class OpenSnapshot(Protocol):
    def __call__(self, products: Sequence[Product], vectors: Any = None, version: str = "v1") -> Snapshot: ...


class WriteSnapshot(Protocol):
    def __call__(self, products: Sequence[Product], vectors: Any = None, version: str = "v1") -> Path: ...


def write_snapshot(
    root: Path,
    products: Sequence[Product],
    vectors: Any = None,
    version: str = "v1",
    **manifest: Any,
) -> Path:
    """The folder of a snapshot of `products` and their vectors (n, 8), or random ones.

    With more in its manifest.
    """
    folder = root / version
    (folder / "products").mkdir(parents=True)
    for writing in (
        ProductsWriter(folder / "products"),
        ColumnsWriter(folder / "columns"),
        LexicalWriter(folder / "lexical"),
    ):
        writing.add(products)
        writing.finish()
    if vectors is None:
        vectors = np.random.default_rng(0).normal(size=(len(products), DIM))
    _write_dense(folder / "dense", np.asarray(vectors, np.float32).reshape(len(products), DIM))
    content = {"format": FORMAT, "version": version, "product_count": len(products)}
    write_manifest(folder, {**content, "dense": {"kind": "flat"}, **manifest})
    return folder


def _write_dense(folder: Path, vectors: NDArray[np.float32]) -> None:
    """The vectors, each of length 1, and their index."""
    folder.mkdir()
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    index = faiss.IndexFlatIP(DIM)
    index.add(vectors)
    np.save(folder / "vectors.npy", vectors)
    faiss.write_index(index, str(folder / "index.faiss"))
