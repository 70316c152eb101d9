"""Token states of products, read from the snapshot's memory map."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix
from shared.snapshot.states import STATE_SCALE, ProductStates

Rows = NDArray[np.int64]
SCALE = np.float32(1 / STATE_SCALE)


@dataclass(frozen=True, slots=True)
class GatheredStates:
    """States of some products, end to end: product i has `counts[i]` of them, from `starts[i]` on."""

    values: NDArray[np.int8]  # (tokens, state_dim)
    starts: Rows  # (n,)
    counts: Rows  # (n,)


class TokenStates:
    """The states of every product of a snapshot: (tokens, state_dim) int8, ragged by `offsets` (products + 1,)."""

    def __init__(self, tokens: NDArray[np.int8], offsets: Rows) -> None:
        self._tokens, self._offsets = tokens, offsets

    @classmethod
    def open(cls, folder: Path) -> "TokenStates":
        """The states of a snapshot's folder."""
        stored = ProductStates(folder)
        return cls(stored.tokens, stored.offsets)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def dim(self) -> int:
        """Numbers a state."""
        return int(self._tokens.shape[1])

    def gather(self, rows: Rows) -> GatheredStates:
        """States of `rows`, without padding."""
        first, counts = self._spans(rows)
        ends = np.cumsum(counts)
        starts = ends - counts
        index = np.repeat(first - starts, counts) + np.arange(counts.sum())
        return GatheredStates(self._tokens.take(index, axis=0), starts, counts)

    def padded(self, rows: Rows) -> tuple[Matrix, NDArray[np.bool_]]:
        """States of `rows` (n, longest, state_dim) float32 and which of them are real (n, longest)."""
        first, counts = self._spans(rows)
        places = np.arange(max(int(counts.max(initial=0)), 1))
        mask = places < counts[:, None]
        index = np.where(mask, first[:, None] + places, 0)
        return self._tokens.take(index, axis=0) * SCALE, mask

    def _spans(self, rows: Rows) -> tuple[Rows, Rows]:
        first = self._offsets[rows]
        return first, self._offsets[rows + 1] - first
