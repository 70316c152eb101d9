"""Columns of a page's candidates from what the store has of them."""

import numpy as np
from numpy.typing import NDArray

from shared.features import spec
from shared.features.spec import Count, Rate
from shared.features.windows import Windows

Matrix = NDArray[np.float32]


def counted_columns(products: Windows, under_query: Windows) -> dict[str, Matrix]:
    """Columns (n,) of n products: by all that was done with them, and by what followed from the query."""
    nothing = np.full(len(products.counts), np.nan, np.float32)
    columns = {name: _column(each, products, nothing) for name, each in spec.PRODUCT_COLUMNS.items()}
    columns[spec.IDLE_DAYS] = products.idle_days
    for name, each in spec.QUERY_COLUMNS.items():
        own = columns.get(name.replace("query_", "product_", 1), nothing)
        columns[name] = _column(each, under_query, own)
    return columns


def _column(column: Count | Rate, windows: Windows, usual: Matrix) -> Matrix:
    done: Matrix = windows.counts[:, column.window, list(column.counters)].max(axis=1)
    if isinstance(column, Count):
        return np.log1p(done)
    return _rate(done, windows.counts[:, column.window, spec.SHOWN], usual)


def _rate(done: Matrix, shown: Matrix, usual: Matrix) -> Matrix:
    """Smoothed shares; where `usual` is nan, the share of all products together stands for it."""
    done, total = np.minimum(done, shown), float(shown.sum())
    together = float(done.sum()) / total if total else np.nan
    expected = np.where(np.isnan(usual), together, usual)
    share: Matrix = ((done + spec.USUAL_SHOWN * expected) / (shown + spec.USUAL_SHOWN)).astype(np.float32)
    return share
