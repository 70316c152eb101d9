"""Late interaction: how well each query token matches its best product token."""

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import EncodedQuery, Matrix
from services.reranker.states import SCALE, GatheredStates

_CACHED_TOKENS = 1_024  # half a megabyte of floats, for states 128 wide


def maxsim(query: EncodedQuery, products: GatheredStates) -> Matrix:
    """(n,): sum_i w_i max_j <q_i, p_j> / sum_i w_i for each product; 0 without states.

    Khattab & Zaharia, "ColBERT" (SIGIR 2020), with a learned weight for each query token.
    """
    scores = np.zeros(len(products.counts), dtype=np.float32)
    present = products.counts > 0
    total = float(query.token_weights.sum())
    if total <= 0 or not present.any():
        return scores
    # All tokens are multiplied, and then each product's are reduced: no padding, and no loop
    # over products.
    similarities = _similarities(products.values, query.states)
    best = np.maximum.reduceat(similarities, products.starts[present], axis=0)
    # OpenBLAS may set the flag of an invalid value for finite ones (numpy issue 24067)
    with np.errstate(invalid="ignore"):
        scores[present] = best @ query.token_weights * (SCALE / total)
    return scores


def _similarities(values: NDArray[np.int8], states: Matrix) -> Matrix:
    """The matrix (tokens, t), computed in parts that fit a core's cache as floats."""
    similarities = np.empty((len(values), len(states)), np.float32)
    for start in range(0, len(values), _CACHED_TOKENS):
        part = slice(start, start + _CACHED_TOKENS)
        np.matmul(values[part].astype(np.float32), states.T, out=similarities[part])
    return similarities
