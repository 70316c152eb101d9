"""Measures how near candidates are to a visitor's recent products."""

import numpy as np

from services.reranker.query import Matrix
from services.reranker.standardised import standardised


def affinity(candidates: Matrix, recent: Matrix, weights: Matrix) -> Matrix:
    """The standardised cosine of each candidate (n, dim) to the weighted mean of `recent` (k, dim).

    (n,) in -1..1. tanh bounds it: a product much nearer than all others gains no more than the
    strongest signal.
    """
    taste = weights @ recent.astype(np.float32)
    length = float(np.linalg.norm(taste))
    if length < 1e-9:  # no recent products, or they point in opposite directions
        return np.zeros(len(candidates), dtype=np.float32)
    return np.tanh(standardised(_unit(candidates.astype(np.float32)) @ (taste / length)))


def _unit(vectors: Matrix) -> Matrix:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Matrix = vectors / np.maximum(lengths, 1e-9)
    return scaled
