"""Spans of a long array, one a row."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def end_to_end(first: Rows, counts: Rows) -> tuple[Rows, Rows]:
    """Join spans that begin at `first` (n,) and have `counts` (n,) items.

    Returns the index of every item, and where each span (n,) begins among the joined items.
    """
    starts = np.cumsum(counts) - counts
    return np.repeat(first - starts, counts) + np.arange(counts.sum()), starts
