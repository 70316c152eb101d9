"""How owning one product predicts buying another: EASE (Steck, WWW 2019).

"Embarrassingly Shallow Autoencoders for Sparse Data": item weights B with X B close to X and a
diagonal of 0, in closed form. Unlike a count of pairs, a weight excludes the effect of third
products.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from services.training.recommending.interactions import Codes
from services.training.recommending.pairs import Entries, Pairs
from shared.product_memory.neighbours import Floats

_RIDGE = 100.0  # Steck's lambda: larger values favour popular products


def most_bought(entries: Entries, product_count: int, most: int) -> Codes:
    """At most `most` products, by the weights of their entries."""
    totals = np.bincount(entries.products, entries.weights, minlength=product_count)
    chosen: Codes = np.argsort(-totals, kind="stable")[:most]
    return chosen[totals[chosen] > 0]


def ease_weights(entries: Entries, pairs: Pairs, product_count: int, most: int) -> Floats:
    """(k,): the weight of each pair, from left to right; 0 outside the `most` popular products.

    The groups of the entries are visitors. The inverse is dense: (most, most).
    """
    chosen = most_bought(entries, product_count, most)
    place = np.full(product_count, -1, np.int64)
    place[chosen] = np.arange(len(chosen))
    kept = place[entries.products] >= 0
    shape = (int(entries.groups.max(initial=-1)) + 1, len(chosen))
    owned = sparse.csr_array(
        (
            entries.weights[kept].astype(np.float32),
            (entries.groups[kept], place[entries.products[kept]]),
        ),
        shape=shape,
    )
    gram = (owned.T @ owned).toarray()
    gram[np.diag_indices(len(chosen))] += _RIDGE
    inverse = _lower_inverse(gram)
    left, right = place[pairs.left], place[pairs.right]
    known = (left >= 0) & (right >= 0)
    left, right = left[known], right[known]
    weights = np.zeros(len(pairs.left), np.float32)
    weights[known] = -inverse[np.maximum(left, right), np.minimum(left, right)] / np.diag(inverse)[right]
    return weights


def _lower_inverse(gram: Floats) -> Floats:
    """The lower triangle of the inverse of a positive definite matrix (n, n), by Cholesky.

    It takes half the work of a general inverse, and works in place.
    """
    if not len(gram):
        return gram
    factor, failed = lapack.spotrf(np.asfortranarray(gram), lower=1, overwrite_a=1)
    assert not failed, "with the ridge the matrix is positive definite"
    inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    assert not failed
    found: Floats = inverse
    return found
