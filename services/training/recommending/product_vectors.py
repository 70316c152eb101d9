"""Vectors of products, for the same similarity offline as in the running shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.features import Similarity
from shared.arrays import load
from shared.product_memory.neighbours import Floats
from shared.snapshot.products import ProductStore


@dataclass(frozen=True)
class ProductVectors:
    """n products' vectors (n, dim), unit norm."""

    product_ids: Sequence[str]
    vectors: Floats

    @classmethod
    def of_snapshot(cls, folder: Path) -> ProductVectors:
        """The vectors of a snapshot."""
        products = ProductStore.open(folder / "products")
        vectors = load(folder / "dense" / "vectors.npy", mmap_mode="r")
        ids = products.product_ids(np.arange(len(products)))
        return cls(ids, np.asarray(vectors, np.float32))

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Place of each product by its id."""
        return {product_id: place for place, product_id in enumerate(self.product_ids)}

    def at(self, product_ids: Sequence[str]) -> Floats:
        """(k, dim): the vectors of k products; zeros for a product without one."""
        found = np.zeros((len(product_ids), self.vectors.shape[1]), np.float32)
        for row, product_id in enumerate(product_ids):
            if product_id in self.places:
                found[row] = self.vectors[self.places[product_id]]
        return found

    def similarity(self, evidence: Evidence, product_ids: Sequence[str]) -> Similarity:
        """The similarity of n products to the seeds and to the history of a page."""
        places = np.array([self.places.get(each, -1) for each in product_ids], np.int64)
        seeds = self._cosines(places, dict.fromkeys(evidence.seeds, 1.0))
        return Similarity(seeds, self._cosines(places, evidence.history_products))

    def nearest(self, seeds: Sequence[str], count: int) -> list[str]:
        """The `count` products nearest to the mean of the seeds, without the seeds."""
        mean = self._mean(dict.fromkeys(seeds, 1.0))
        if mean is None:
            return []
        cosines = self.vectors @ mean
        best = np.argsort(-cosines, kind="stable")[: count + len(seeds)]
        found = [self.product_ids[place] for place in best.tolist()]
        return [product_id for product_id in found if product_id not in set(seeds)][:count]

    def _cosines(self, places: NDArray[np.int64], weights: Mapping[str, float]) -> Floats:
        cosines = np.full(len(places), np.nan, np.float32)
        mean = self._mean(weights)
        if mean is not None:
            cosines[places >= 0] = self.vectors[places[places >= 0]] @ mean
        return cosines

    def _mean(self, weights: Mapping[str, float]) -> Floats | None:
        """The weighted mean of some products' vectors, unit norm; None if no vector is known."""
        known = [(self.places[each], weight) for each, weight in weights.items() if each in self.places]
        if not known:
            return None
        places, each = zip(*known, strict=True)
        summed: Floats = np.array(each, np.float32) @ self.vectors[list(places)]
        return summed / np.float32(max(float(np.linalg.norm(summed)), 1e-9))
