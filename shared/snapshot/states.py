"""Token states of products, which late interaction and the interaction block read.

tokens.npy  int8 (T, state_dim): round(STATE_SCALE x) of unit-norm states, product after product
offsets.npy int64 (n + 1): product i has tokens offsets[i] to offsets[i + 1]
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.arrays import load
from shared.snapshot.matrix import MatrixWriter

States = NDArray[np.int8]  # (tokens, state_dim)

STATE_SCALE = 127.0  # a stored state is round(127 x) of a unit-norm one


class StatesWriter:
    """Writes states in the order of the rows, without holding them in memory."""

    def __init__(self, folder: Path, state_dim: int) -> None:
        self._folder = folder
        self._tokens = MatrixWriter(folder / "tokens.npy", state_dim, "|i1")
        self._ends = [0]

    def add(self, states: Sequence[States]) -> None:
        """Append the states of the next products."""
        if states:
            self._tokens.add(np.concatenate(states))
            self._ends += (self._ends[-1] + np.cumsum([len(each) for each in states])).tolist()

    def finish(self) -> None:
        """Write the data that is still in memory."""
        self._tokens.finish()
        np.save(self._folder / "offsets.npy", np.array(self._ends, dtype=np.int64))


class ProductStates:
    """The states of an opened snapshot, memory-mapped. Only accessed pages are read."""

    def __init__(self, folder: Path) -> None:
        # As plain arrays: indexing a memmap object is slow.
        self.tokens: States = np.asarray(load(folder / "tokens.npy", mmap_mode="r"))
        self.offsets: NDArray[np.int64] = np.asarray(load(folder / "offsets.npy", mmap_mode="r"))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, row: int) -> States:
        """The states of one product, (tokens, state_dim)."""
        return self.tokens[self.offsets[row] : self.offsets[row + 1]]
