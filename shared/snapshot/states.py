"""Product token states: what late interaction and the interaction block read of a product.

tokens.npy  int8 (T, state_dim): round(127 x) of unit-norm states, product after product    offsets.npy int64 (n + 1)
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

States = NDArray[np.int8]  # (tokens, state_dim)


class StatesWriter:
    """Writes states in the order of the rows, without holding them."""

    def __init__(self, folder: Path, state_dim: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._state_dim = folder, state_dim
        self._raw = (folder / "tokens.raw").open("wb")
        self._ends = [0]

    def add(self, states: Sequence[States]) -> None:
        for each in states:
            self._raw.write(np.ascontiguousarray(each, dtype=np.int8).tobytes())
            self._ends.append(self._ends[-1] + len(each))

    def finish(self) -> None:
        """Give the file its header."""
        self._raw.close()
        raw = self._folder / "tokens.raw"
        shape = (self._ends[-1], self._state_dim)
        with (self._folder / "tokens.npy").open("wb") as file, raw.open("rb") as source:
            header = {"descr": "|i1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            while chunk := source.read(1 << 24):
                file.write(chunk)
        raw.unlink()
        np.save(self._folder / "offsets.npy", np.array(self._ends, dtype=np.int64))


class ProductStates:
    """The states of an opened snapshot, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        self.tokens: States = np.load(folder / "tokens.npy", mmap_mode="r")
        self.offsets: NDArray[np.int64] = np.load(folder / "offsets.npy", mmap_mode="r")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, row: int) -> States:
        """The states of one product, (tokens, state_dim)."""
        return np.asarray(self.tokens[self.offsets[row] : self.offsets[row + 1]])
