"""The dense leg: products whose vectors are nearest to the query's, by cosine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from shared.arrays import load
from shared.errors import Corrupt

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]
Vector = NDArray[np.float32]  # (dim,), unit norm

EXACT_ROWS = 5_000  # up to so many rows are scored one by one if the index is approximate
BLOCK_ROWS = 1_000  # scored at a time: more make BLAS wake threads that wait for a core
WIDEST = 8.0  # a filter hides neighbours, so approximate indexes search up to so many times more


class DenseSearch(Protocol):
    """The vectors of n products, by row."""

    @property
    def dim(self) -> int: ...

    @property
    def kind(self) -> str:
        """The kind of index, as in the manifest: flat, hnsw, ivf-rabitq."""

    def best(self, vector: Vector, limit: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The nearest `limit` rows that `mask` (n,) selects, or of all, with their scores.

        Ties in row order.
        """

    def scores(self, vector: Vector, rows: Rows) -> Scores:
        """The cosine to each of `rows` (k,)."""

    def vectors_at(self, rows: Rows) -> NDArray[np.float32]:
        """The vectors (k, dim) of `rows`."""


class DenseLeg:
    """Searches a FAISS index. Scores are always exact.

    They are a flat index's own, or computed from the stored vectors.
    """

    def __init__(self, index: Any, vectors: NDArray[Any], search: Mapping[str, Any]) -> None:
        """`vectors` (n, dim) have unit norm.

        `search` holds the index's parameters from the manifest.
        """
        self._index = index
        self._vectors = vectors
        self._search = search
        self._is_flat = isinstance(faiss.downcast_index(index), faiss.IndexFlat | faiss.IndexScalarQuantizer)

    @classmethod
    def open(cls, folder: Path, search: Mapping[str, Any]) -> DenseLeg:
        """Read a snapshot's dense folder.

        Raises Corrupt if index and vectors do not belong together.
        """
        vectors = load(folder / "vectors.npy", mmap_mode="r")
        index = faiss.read_index(str(folder / "index.faiss"))
        if (index.ntotal, index.d) != vectors.shape:
            raise Corrupt(
                f"{folder}: the index holds {index.ntotal} x {index.d}, the vectors are {vectors.shape}"
            )
        return cls(index, vectors, search)

    @property
    def dim(self) -> int:
        return int(self._vectors.shape[1])

    @property
    def kind(self) -> str:
        """The kind of index, as in the manifest."""
        return str(self._search.get("kind", ""))

    def best(self, vector: Vector, limit: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The nearest `limit` rows that `mask` (n,) selects, or of all, with their scores.

        Ties in row order.
        """
        rows, scores = self._nearest(vector, limit, mask)
        order = np.lexsort((rows, -scores))[:limit]
        return rows[order], scores[order]

    def scores(self, vector: Vector, rows: Rows) -> Scores:
        """The cosine to each of `rows` (k,)."""
        scores = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            scores[block] = self._vectors[rows[block]].astype(np.float32) @ vector
        return scores

    def vectors_at(self, rows: Rows) -> NDArray[np.float32]:
        """The vectors (k, dim) of `rows`."""
        return np.asarray(self._vectors[rows], np.float32)

    def _nearest(self, vector: Vector, limit: int, mask: Mask | None) -> tuple[Rows, Scores]:
        if mask is None:
            return self._searched(vector, min(limit, len(self._vectors)))
        selected = int(np.count_nonzero(mask))
        if selected <= (limit if self._is_flat else max(limit, EXACT_ROWS)):
            rows = np.flatnonzero(mask)
            return rows, self.scores(vector, rows)
        # A longer list holds enough, whichever rows are hidden
        if (hidden := len(mask) - selected) <= limit:
            return _among(mask, *self._searched(vector, limit + hidden))
        # A longer list of all costs less than a selector
        if self._is_flat and 2 * selected >= len(mask):
            rows, scores = _among(mask, *self._searched(vector, min(3 * limit, len(mask))))
            if len(rows) >= limit:
                return rows, scores
        bits = np.packbits(mask, bitorder="little")
        return self._searched(vector, limit, faiss.IDSelectorBitmap(bits), min(WIDEST, len(mask) / selected))

    def _searched(
        self, vector: Vector, limit: int, selector: Any = None, widen: float = 1.0
    ) -> tuple[Rows, Scores]:
        if not limit:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parameters = search_parameters(self._index, self._search, selector, widen)
        with _one_thread():
            scores, rows = (each[0] for each in self._index.search(vector[None], limit, params=parameters))
        found = rows >= 0
        rows = np.asarray(rows[found], np.int64)
        scores = scores[found]
        return rows, scores if self._is_flat else self.scores(vector, rows)


def _among(mask: Mask, rows: Rows, scores: Scores) -> tuple[Rows, Scores]:
    selected = mask[rows]
    return rows[selected], scores[selected]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one busy thread for each request.

    The setting is OpenMP's, for the calling thread. Torch would use it, too.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def search_parameters(index: Any, search: Mapping[str, Any], selector: Any = None, widen: float = 1.0) -> Any:
    """FAISS's parameters for this kind of index. `widen` searches so many times more of it.

    `search` may hold ef_search (HNSW), nprobe (IVF) and k_factor (refinement).
    """
    index = faiss.downcast_index(index)
    among = {} if selector is None else {"sel": selector}
    if isinstance(index, faiss.IndexRefine):
        inner = search_parameters(index.base_index, search, selector, widen)
        return faiss.IndexRefineSearchParameters(
            k_factor=search["k_factor"], base_index_params=inner, **among
        )
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(efSearch=int(search["ef_search"] * widen), **among)
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF(nprobe=min(index.nlist, int(search["nprobe"] * widen)), **among)
    return faiss.SearchParameters(**among)
