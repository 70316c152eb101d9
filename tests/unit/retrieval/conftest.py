import faiss
import numpy as np
import pytest

from services.retrieval.snapshots import Snapshot
from shared.artifacts import write_manifest
from shared.snapshot.columns import ColumnsWriter
from shared.snapshot.lexical import LexicalWriter
from shared.snapshot.products import ProductsWriter

DIM = 8
WRITERS = {"products": ProductsWriter, "columns": ColumnsWriter, "lexical": LexicalWriter}


@pytest.fixture
def write_snapshot(tmp_path):
    """A function that writes a snapshot of products and, if wanted, their vectors (n, 8); it returns the folder."""

    def write(products, vectors=None, version="v1"):
        folder = tmp_path / version
        for name, writer in WRITERS.items():
            writing = writer(folder / name)
            writing.add(products)
            writing.finish()
        if vectors is None:
            vectors = np.random.default_rng(0).normal(size=(len(products), DIM))
        vectors = np.asarray(vectors, np.float32).reshape(len(products), DIM)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        index = faiss.IndexFlatIP(DIM)
        index.add(vectors)
        (folder / "dense").mkdir()
        np.save(folder / "dense/vectors.npy", vectors)
        faiss.write_index(index, str(folder / "dense/index.faiss"))
        write_manifest(folder, {"version": version, "product_count": len(products), "dense": {"kind": "flat"}})
        return folder

    return write


@pytest.fixture
def open_snapshot(write_snapshot):
    """The same, opened."""
    return lambda *given, **named: Snapshot.open(write_snapshot(*given, **named))
