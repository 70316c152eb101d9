"""Token states of many texts, end to end: what the frozen encoder says, computed once and read in every epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encodings:
    """Text i has the tokens offsets[i] to offsets[i + 1]."""

    hidden: NDArray[np.float16]  # (tokens, width): the encoder's last layer
    offsets: Rows  # (texts + 1,)
    vectors: Matrix  # (texts, width): mean over all tokens, unit norm

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def padded(self, rows: Rows) -> tuple[Matrix, NDArray[np.bool_]]:
        """Hidden states of `rows`, any shape (...): (..., t, width) float32 and which of them are real (..., t)."""
        first = self.offsets[rows]
        counts = self.offsets[rows + 1] - first
        places = np.arange(max(int(counts.max(initial=0)), 1))
        mask: NDArray[np.bool_] = places < counts[..., None]
        index = np.where(mask, first[..., None] + places, 0)
        return self.hidden.take(index, axis=0).astype(np.float32), mask


def ragged(states: Sequence[NDArray[np.float16]], vectors: Matrix) -> Encodings:
    """Join the states (t_i, width) of each text."""
    counts = np.array([len(state) for state in states], dtype=np.int64)
    return Encodings(np.concatenate(states), np.concatenate([[0], np.cumsum(counts)]), vectors)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Both sides of every pair."""

    queries: Encodings
    products: Encodings
