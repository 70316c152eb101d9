from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from services.embedding.indexing.dense_index import DensePlan, build_index, exact

DIM = 32


def _vectors(count: int) -> np.ndarray:
    """Clusters, as products have them."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(40, DIM))
    vectors = centres[random.integers(0, 40, count)] + 0.5 * random.normal(size=(count, DIM))
    normed: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    return normed


def _plan(**changes: Any) -> DensePlan:
    return DensePlan(**{"flat_until": 100, "hnsw_until": 1_000, "sampled_queries": 50, **changes})


@pytest.mark.parametrize(
    ("count", "kind"), [(0, "flat"), (100, "flat"), (900, "hnsw"), (3_000, "ivf-rabitq")]
)
def test_the_kind_follows_the_number_of_products(tmp_path: Path, count: int, kind: str) -> None:
    measured = build_index(_vectors(count), tmp_path / "index.faiss", _plan())
    index = faiss.read_index(str(tmp_path / "index.faiss"))
    assert (measured.kind, index.ntotal, index.d) == (kind, count, DIM)
    assert measured.manifest()["recall_at_100"] >= 0.95


@pytest.mark.parametrize(("count", "effort"), [(900, "ef_search"), (3_000, "nprobe")])
def test_effort_rises_until_the_target_and_no_further(
    tmp_path: Path,
    count: int,
    effort: str,
) -> None:
    least = build_index(_vectors(count), tmp_path / "least.faiss", _plan(target_recall=0.0))
    most = build_index(_vectors(count), tmp_path / "most.faiss", _plan(target_recall=1.1))
    assert least.search[effort] < most.search[effort]
    assert least.recall_at_100 <= most.recall_at_100


def test_exact_search_agrees_with_all_scores_at_once() -> None:
    vectors = _vectors(20_000)
    queries = np.asarray(vectors[:5], np.float32)
    scores = queries @ vectors.astype(np.float32).T
    found = exact(vectors, queries, 10)
    np.testing.assert_allclose(
        np.take_along_axis(scores, found, 1), -np.sort(-scores, axis=1)[:, :10], atol=1e-6
    )
    assert list(found[:, 0]) == [0, 1, 2, 3, 4]


def test_a_small_index_scores_exactly(tmp_path: Path) -> None:
    vectors = _vectors(100)
    build_index(vectors, tmp_path / "index.faiss", _plan())
    scores, rows = faiss.read_index(str(tmp_path / "index.faiss")).search(vectors[:1].astype(np.float32), 3)
    np.testing.assert_allclose(
        scores[0], vectors[rows[0]].astype(np.float32) @ vectors[0].astype(np.float32), atol=1e-5
    )
