"""Keeps the previous snapshot's FAISS index if the next one has the same vectors in the same rows.

A change of prices or stock changes no vector, and new products come after the old ones. Building
HNSW for 300,000 products takes minutes; copying it, or adding some vectors to it, takes seconds.
Removed rows shift later ones, and HNSW cannot forget a vector. So after a removal the index is
built again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from services.embedding.indexing.dense_index import (
    DensePlan,
    Measured,
    Vectors,
    build_index,
    extend_index,
)
from shared.snapshot.generation import Generation
from shared.watchdog import progress

_CHUNK_ROWS = 65_536
INDEX = Path("dense") / "index.faiss"


def next_index(old: Generation | None, root: Path, vectors: Vectors, path: Path, plan: DensePlan) -> Measured:
    """Write the index over the next snapshot's vectors.

    It extends the old snapshot's index (in `root`) if that can be kept.
    """
    kind = plan.kind(len(vectors))
    if old is None or kind == "flat" or old.manifest.get("dense", {}).get("kind") != kind:
        return build_index(vectors, path, plan)
    before = root / old.version / INDEX
    if not before.is_file() or not _begins_with(vectors, old.vectors):
        return build_index(vectors, path, plan)
    if len(vectors) == len(old.vectors):
        _link(before, path)
        return Measured.of(old.manifest["dense"])
    return extend_index(before, vectors, path, plan) if kind == "hnsw" else build_index(vectors, path, plan)


def _begins_with(vectors: Vectors, old: Vectors) -> bool:
    """Whether the old vectors are the first of the new ones, in the same rows."""
    if not 0 < len(old) <= len(vectors) or vectors.shape[1] != old.shape[1]:
        return False
    return all(_is_same(vectors, old, start) for start in range(0, len(old), _CHUNK_ROWS))


def _is_same(vectors: Vectors, old: Vectors, start: int) -> bool:
    progress(f"comparing vector {start} of {len(old)} with the snapshot before")
    rows = slice(start, min(start + _CHUNK_ROWS, len(old)))
    return np.array_equal(vectors[rows], old[rows])


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # snapshots never change, so they may share a file
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
