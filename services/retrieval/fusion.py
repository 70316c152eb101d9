"""Join the lists of the legs by reciprocal ranks.

Cormack, Clarke and Buettcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual
rank learning methods".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
K = 60
NONE: Rows = np.empty(0, np.int64)


@dataclass(frozen=True)
class Fused:
    """Columns of equal length (k,), best first. A rank is 0 if its list lacks the row."""

    rows: Rows
    scores: NDArray[np.float32]
    lexical_ranks: NDArray[np.uint32]
    dense_ranks: NDArray[np.uint32]
    precedence: NDArray[np.uint32]  # a smaller one comes first, whatever the scores

    def by(self, precedence: NDArray[np.uint32]) -> Fused:
        """The same rows by precedence (k,), and by their order where it is equal."""
        if not len(precedence) or (precedence == precedence[0]).all():
            return replace(self, precedence=precedence)
        order = np.argsort(precedence, kind="stable")
        lists = self.lexical_ranks[order], self.dense_ranks[order]
        return Fused(self.rows[order], self.scores[order], *lists, precedence[order])

    def first(self, limit: int | None) -> Fused:
        """The first rows alone; None: all."""
        lists = self.lexical_ranks[:limit], self.dense_ranks[:limit]
        return Fused(self.rows[:limit], self.scores[:limit], *lists, self.precedence[:limit])


def fuse(lexical: Rows, dense: Rows, remembered: Rows = NONE) -> Fused:
    """Sum of 1 / (60 + rank) over the lists, each without repetition; ties in row order."""
    rows = np.union1d(lexical, dense)
    if len(remembered):
        rows = np.union1d(rows, remembered)
    lexical_ranks = ranks(lexical, rows)
    dense_ranks = ranks(dense, rows)
    scores = _reciprocal(lexical_ranks) + _reciprocal(dense_ranks)
    if len(remembered):
        scores += _reciprocal(ranks(remembered, rows))
    order = np.argsort(-scores, kind="stable")
    lists = lexical_ranks[order], dense_ranks[order]
    return Fused(rows[order], scores[order].astype(np.float32), *lists, np.zeros(len(rows), np.uint32))


def in_order(rows: Rows, lexical: Rows, dense: Rows, before: int = 0) -> Fused:
    """Rows in a given order, scored by their position, which follows `before` others."""
    scores = 1 / (K + before + np.arange(1, len(rows) + 1))
    lists = ranks(lexical, rows), ranks(dense, rows)
    return Fused(rows, scores.astype(np.float32), *lists, np.zeros(len(rows), np.uint32))


def ranks(ranked: Rows, rows: Rows) -> NDArray[np.uint32]:
    """The position of each of `rows` (k,) in a ranked list, from 1. 0 if it is missing."""
    order = np.argsort(ranked)
    places = np.searchsorted(ranked, rows, sorter=order)
    found = np.append(order, -1)[places]
    return np.where(np.append(ranked, -1)[found] == rows, found + 1, 0).astype(np.uint32)


def _reciprocal(places: NDArray[np.uint32]) -> NDArray[np.float64]:
    return np.where(places > 0, 1 / (K + places.astype(np.float64)), 0.0)
