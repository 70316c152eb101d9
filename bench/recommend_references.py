"""Peers of recommendations: popularity, own frequency, item-kNN, EASE, and the ALS of implicit.

None has a threshold of visitors. ALS needs `pip install implicit`, and is left out without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from services.reranker.recommending.history import History
from services.training.recommending.interactions import Interactions
from services.training.recommending.pairs import counted_pairs, distinct_entries
from shared.product_memory.memory import DAY_SECONDS

_POPULAR_DAYS = 30
_RIDGE = 500.0
_K1, _B = 1.2, 0.75  # of BM25
_FACTORS, _ALPHA = 64, 10.0  # of ALS (Hu, Koren and Volinsky, ICDM 2008)

Scores = NDArray[np.floating]


class References:
    """Peers trained on what happened before a moment; scores are (products,) each."""

    def __init__(self, lines: Interactions, now_seconds: float) -> None:
        self._lines = lines.before(now_seconds)
        self._count = len(lines.product_ids)
        self._places = {product_id: place for place, product_id in enumerate(lines.product_ids)}
        recent = self._lines.seconds >= now_seconds - _POPULAR_DAYS * DAY_SECONDS
        self.popular: Scores = np.bincount(self._lines.products[recent], minlength=self._count).astype(float)

    def next_basket(self, history: History) -> Mapping[str, Scores]:
        """The scores of each peer for a visitor."""
        flat = self._vector(history, np.ones(len(history)))
        days = self._vector(history, history.days)
        scores = {
            "popular, 30 days": self.popular,
            "own frequency": days + 1e-6 * self.popular,
            "item-kNN (BM25, cosine)": flat @ self._knn,
            "EASE (lambda 500)": flat @ self._ease,
        }
        if find_spec("implicit"):
            scores["implicit's ALS, 64 factors"] = self._by_als(flat)
        return scores

    def _by_als(self, flat: Scores) -> Scores:
        """The scores of a visitor whose factors are fitted to its products."""
        model = self._als
        user = model.recalculate_user(0, sparse.csr_matrix(flat[None, :]))
        scores: Scores = model.item_factors @ user.ravel()
        return scores - min(0.0, float(scores.min()))  # ranking() reads what is above 0

    def bought_with(self, seed: str) -> Mapping[str, Scores]:
        """The scores of each peer for a seed."""
        count = self._baskets[self._places[seed]]
        totals = self._orders_of
        cosine = count / np.sqrt(np.maximum(totals * totals[self._places[seed]], 1.0))
        return {"popular, 30 days": self.popular, "count of orders": count, "cosine": cosine}

    def ranking(self, scores: Scores, left_out: Collection[str], count: int) -> list[str]:
        """The products with the best scores above 0."""
        found = np.where(scores > 0, scores, 0.0).astype(np.float64)
        found[[self._places[each] for each in left_out if each in self._places]] = 0.0
        best = np.argsort(-found, kind="stable")[:count]
        return [self._lines.product_ids[place] for place in best.tolist() if found[place] > 0]

    def _vector(self, history: History, values: Scores) -> Scores:
        vector = np.zeros(self._count, np.float32)
        vector[[self._places[each] for each in history.product_ids]] = values
        return vector

    @cached_property
    def _owned(self) -> sparse.csr_array:
        pairs = np.unique(np.stack([self._lines.visitors, self._lines.products]), axis=1)
        shape = (len(self._lines.visitor_ids), self._count)
        return sparse.csr_array((np.ones(pairs.shape[1], np.float32), (pairs[0], pairs[1])), shape=shape)

    @cached_property
    def _ease(self) -> Scores:
        gram = (self._owned.T @ self._owned).toarray()
        gram[np.diag_indices(self._count)] += _RIDGE
        inverse = np.linalg.inv(gram)
        weights: Scores = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return weights

    @cached_property
    def _als(self) -> Any:
        from implicit.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors=_FACTORS, alpha=_ALPHA, iterations=15, num_threads=1, random_state=0
        )
        model.fit(sparse.csr_matrix(self._owned), show_progress=False)
        return model

    @cached_property
    def _knn(self) -> Scores:
        """Cosines of products as columns of BM25 weights over visitors."""
        lengths = np.asarray(self._owned.sum(axis=1)).ravel()
        visitors = np.asarray(self._owned.sum(axis=0)).ravel()
        rarity = np.log(1 + (len(lengths) - visitors + 0.5) / (visitors + 0.5))
        saturated = (_K1 + 1) / (1 + _K1 * (1 - _B + _B * lengths / max(lengths.mean(), 1e-9)))
        weighted = sparse.diags_array(saturated) @ self._owned @ sparse.diags_array(rarity)
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel())
        unit = (weighted @ sparse.diags_array(1 / np.maximum(norms, 1e-9))).tocsr()
        cosines: Scores = (unit.T @ unit).toarray().astype(np.float32)
        np.fill_diagonal(cosines, 0.0)
        return cosines

    @cached_property
    def _baskets(self) -> Scores:
        lines = self._lines
        entries = distinct_entries(lines.groups, lines.products, lines.visitors, np.ones(len(lines)))
        pairs = counted_pairs(entries, self._count, 1)
        counts = np.zeros((self._count, self._count), np.float32)
        counts[pairs.left, pairs.right] = pairs.weights
        return counts

    @cached_property
    def _orders_of(self) -> Scores:
        pairs = np.unique(np.stack([self._lines.groups, self._lines.products]), axis=1)
        return np.bincount(pairs[1], minlength=self._count).astype(float)
