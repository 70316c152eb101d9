"""An array that only grows: one thread appends while others read the earlier rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_FIRST_ROWS = 64


class AppendOnly:
    """Rows of one shape, appended in amortised constant time.

    A row never changes once it is written. When the array must move, readers keep the old one,
    which has all rows that they know.
    """

    def __init__(self, dtype: DTypeLike, *shape: int) -> None:
        """`shape` is that of one row, and empty for an array of numbers."""
        self._array: NDArray[Any] = np.empty((_FIRST_ROWS, *shape), dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, row: Any) -> None:
        """Append one row."""
        self._grow(self._length + 1)
        self._array[self._length] = row
        self._length += 1  # last, so that no reader sees a row that is not written yet

    def extend(self, rows: NDArray[Any]) -> None:
        """Append (n, *shape) rows."""
        end = self._length + len(rows)
        self._grow(end)
        self._array[self._length : end] = rows
        self._length = end

    def _grow(self, length: int) -> None:
        if length > len(self._array):
            larger = np.empty((max(length, 2 * len(self._array)), *self._array.shape[1:]), self._array.dtype)
            larger[: self._length] = self._array[: self._length]
            self._array = larger

    def upto(self, length: int) -> NDArray[Any]:
        """The first `length` rows, without a copy. There may be fewer."""
        return self._array[:length]
