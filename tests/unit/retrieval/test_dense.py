from functools import cache
from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from services.retrieval.dense import DenseLeg
from shared.errors import Corrupt

Matrix = NDArray[np.float32]
KINDS: dict[str, dict[str, int]] = {"Flat": {}, "HNSW16": {"ef_search": 128}, "IVF16,SQ8": {"nprobe": 8},
         "IVF16,PQ8x4fs,RFlat": {"nprobe": 8, "k_factor": 8}}  # fmt: skip


@cache
def clustered() -> Matrix:
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(20, 16))
    vectors = (centres[rng.integers(0, 20, 6_000)] + 0.3 * rng.normal(size=(6_000, 16))).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def vectors() -> Matrix:
    return clustered()


@cache
def leg(kind: str) -> DenseLeg:
    vectors = clustered()
    index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    return DenseLeg(index, vectors.astype(np.float16), KINDS[kind])


def nearest(
    vectors: Matrix,
    query: Matrix,
    limit: int,
    mask: NDArray[np.bool_],
) -> NDArray[np.int64]:
    scores = np.where(mask, vectors.astype(np.float16).astype(np.float32) @ query, -2)
    return np.argsort(-scores, kind="stable")[: min(limit, mask.sum())]


def test_a_search_leaves_the_threads_of_its_caller_as_they_were(vectors: Matrix) -> None:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        leg("Flat").best(vectors[0], 5)
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [1.0, 0.9, 0.02, 0.0])
def test_a_filtered_search_finds_the_nearest_that_pass(
    vectors: Matrix,
    kind: str,
    share: float,
) -> None:
    mask = np.random.default_rng(3).random(len(vectors)) < share
    dense = leg(kind)
    found = 0
    for query in vectors[:5]:
        rows, scores = dense.best(query, 50, None if share == 1 else mask)
        expected = nearest(vectors, query, 50, mask)
        assert mask[rows].all() and len(rows) == len(expected) and (np.diff(scores) <= 0).all()
        found += len(np.intersect1d(rows, expected))
    assert found >= 0.95 * 5 * len(expected)


def test_scores_are_exact_whatever_the_index(vectors: Matrix) -> None:
    rows, scores = leg("IVF16,SQ8").best(vectors[0], 20)
    assert np.allclose(scores, vectors[rows].astype(np.float16).astype(np.float32) @ vectors[0], atol=1e-6)


def test_an_index_of_other_vectors_is_corrupt(tmp_path: Path, vectors: Matrix) -> None:
    np.save(tmp_path / "vectors.npy", vectors[:10])
    index = faiss.IndexFlatIP(16)
    index.add(vectors[:9])
    faiss.write_index(index, str(tmp_path / "index.faiss"))
    with pytest.raises(Corrupt, match="9 x 16"):
        DenseLeg.open(tmp_path, {})


def test_nothing_is_near_in_an_empty_snapshot() -> None:
    empty = DenseLeg(faiss.IndexFlatIP(4), np.empty((0, 4), np.float32), {})
    assert len(empty.best(np.ones(4, np.float32), 10)[0]) == 0
