"""A query in the form that the reranker reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A query of t tokens after the single pass of the query tower."""

    text: str
    hidden: Matrix  # (t, hidden): the encoder's last layer
    states: Matrix  # (t, state_dim), unit norm
    token_weights: Matrix  # (t,), at least 0
    vector: Matrix | None = None  # (dim,), unit norm; None: not given
