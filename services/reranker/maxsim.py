"""Late interaction: how well each query token is met by its best product token."""

import numpy as np

from services.reranker.query import EncodedQuery, Matrix
from services.reranker.states import SCALE, GatheredStates


def maxsim(query: EncodedQuery, products: GatheredStates) -> Matrix:
    """sum_i w_i max_j <q_i, p_j> / sum_i w_i of each product, (n,); 0 for a product without states.

    Khattab & Zaharia, "ColBERT" (SIGIR 2020), with a learned weight a query token.
    """
    scores = np.zeros(len(products.counts), dtype=np.float32)
    present = products.counts > 0
    total = float(query.token_weights.sum())
    if total <= 0 or not present.any():
        return scores
    # One product of all tokens and a maximum over each product's own: no padding is multiplied, and no loop is written.
    similarities = products.values.astype(np.float32) @ query.states.T  # (tokens, t)
    best = np.maximum.reduceat(similarities, products.starts[present], axis=0)
    scores[present] = best @ query.token_weights * (SCALE / total)
    return scores
