"""A cross-encoder's scores of earlier pages' candidates, by query."""

from threading import Lock

import numpy as np
from cachetools import LRUCache

from services.reranker.query import Matrix
from services.reranker.states import Rows

_MOST = 240  # of a query: its best, with several filters and for several visitors


class KnownScores:
    """The newest scores of each query, of one snapshot. Threads may share it.

    A row's text never changes, so its score does not either.
    """

    def __init__(self, queries: int) -> None:
        """So many queries are remembered, the last ones asked."""
        self._scores: LRUCache[str, tuple[Rows, Matrix]] = LRUCache(queries)
        self._lock = Lock()

    def of(self, query: str, rows: Rows) -> Matrix:
        """Scores (n,) of `rows` (n,). Nan for unknown ones."""
        with self._lock:
            known = self._scores.get(query)
        scores = np.full(len(rows), np.nan, np.float32)
        if known is not None:
            _, here, there = np.intersect1d(rows, known[0], return_indices=True)
            scores[here] = known[1][there]
        return scores

    def keep(self, query: str, rows: Rows, scores: Matrix) -> None:
        """Keep the scores (n,) of `rows` (n,), and as many of the query's earlier ones as have room."""
        with self._lock:
            if (known := self._scores.get(query)) is not None:
                others = ~np.isin(known[0], rows)
                rows = np.concatenate([rows, known[0][others]])[:_MOST]
                scores = np.concatenate([scores, known[1][others]])[:_MOST]
            self._scores[query] = (rows, scores)
