"""Arrays in training, for modules that need numpy but no torch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]


def joined(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, NDArray[np.bool_]]:
    """Arrays of different lengths (l_i, ...) as one (count, longest, ...), and which items are real."""
    longest = max(map(len, columns))
    padded = np.zeros((len(columns), longest, *columns[0].shape[1:]), columns[0].dtype)
    mask = np.zeros((len(columns), longest), np.bool_)
    for place, column in enumerate(columns):
        padded[place, : len(column)] = column
        mask[place, : len(column)] = True
    return padded, mask
