"""Makes numbers of different scales comparable within a query."""

import numpy as np

from services.reranker.query import Matrix


def standardised(column: Matrix) -> Matrix:
    """Mean 0 and standard deviation 1. All 0 if the column does not vary."""
    deviation = float(column.std()) if len(column) else 0.0
    return (column - column.mean()) / deviation if deviation > 1e-9 else np.zeros_like(column)
