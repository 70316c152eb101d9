"""The dense leg over a snapshot and its delta: its index, and every newer vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.dense import BLOCK_ROWS, DenseLeg, Mask, Rows, Scores, Vector


@dataclass(frozen=True)
class LiveDense:
    """A DenseSearch whose rows are the snapshot's, then the delta's.

    Rows that are no longer shown are masked.
    """

    base: DenseLeg
    row_count: int  # of the snapshot
    vectors: NDArray[
        np.float32
    ]  # (slots, dim); not float16, whose conversion takes thirty times as long as the product

    @property
    def dim(self) -> int:
        return self.base.dim

    @property
    def kind(self) -> str:
        """See DenseSearch."""
        return self.base.kind

    def best(self, vector: Vector, limit: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """See DenseSearch."""
        old_mask, new_mask = (
            (None, None) if mask is None else (mask[: self.row_count], mask[self.row_count :])
        )
        old, old_scores = self.base.best(vector, limit, old_mask)
        slots = np.arange(len(self.vectors)) if new_mask is None else np.flatnonzero(new_mask)
        rows = np.concatenate([old, slots + self.row_count])
        scores = np.concatenate([old_scores, self._cosines(vector)[slots]])
        if len(scores) > limit > 0:  # sort only the candidates for the best
            among = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit])
            rows = rows[among]
            scores = scores[among]
        order = np.lexsort((rows, -scores))[:limit]
        return rows[order], scores[order]

    def scores(self, vector: Vector, rows: Rows) -> Scores:
        """See DenseSearch."""
        old = rows < self.row_count
        scores = np.empty(len(rows), np.float32)
        scores[old] = self.base.scores(vector, rows[old])
        scores[~old] = self.vectors[rows[~old] - self.row_count] @ vector
        return scores

    def vectors_at(self, rows: Rows) -> NDArray[np.float32]:
        """See DenseSearch."""
        old = rows < self.row_count
        vectors = np.empty((len(rows), self.dim), np.float32)
        vectors[old] = self.base.vectors_at(rows[old])
        vectors[~old] = self.vectors[rows[~old] - self.row_count]
        return vectors

    def _cosines(self, vector: Vector) -> Scores:
        """The cosines of all slots, masked or not, because copying the others' vectors would take
        longer.
        """
        scores = np.empty(len(self.vectors), np.float32)
        for start in range(0, len(scores), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            scores[block] = self.vectors[block] @ vector
        return scores
