"""Spans of a long array, one a row."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def end_to_end(first: Rows, counts: Rows) -> tuple[Rows, Rows]:
    """Spans that begin at `first` (n,) and have `counts` (n,) items.

    The index of every item, and where each span is.

    The second, (n,), says where a span begins once the items are taken.
    """
    starts = np.cumsum(counts) - counts
    return np.repeat(first - starts, counts) + np.arange(counts.sum()), starts
