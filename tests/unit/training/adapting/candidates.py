"""Candidates of a page that no engine has found."""

import numpy as np

from services.reranker.candidates import Candidates


def candidates(count: int) -> Candidates:
    """The rows from 0 to `count`, with scores of 0."""
    none = np.zeros(count, np.float32)
    return Candidates(np.arange(count), none, none, none, none, none)
