"""The products in the snapshot of a data folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from services.training.recommending.product_vectors import ProductVectors
from shared import artifacts
from shared.snapshot.generation import snapshots_of
from shared.snapshot.products import ProductStore


@dataclass(frozen=True)
class Catalogue:
    """Products by their ids; empty without a snapshot."""

    titles: Mapping[str, str] = field(default_factory=dict)
    brands: Mapping[str, str] = field(default_factory=dict)  # the first brand of each product with a brand
    vectors: ProductVectors | None = None

    @classmethod
    def of(cls, data: Path) -> Catalogue:
        """The catalogue of the current snapshot."""
        root = snapshots_of(data)
        version = artifacts.current(root)
        if version is None:
            return cls()
        products = ProductStore.open(root / version / "products")
        ids = products.product_ids(np.arange(len(products)))
        titles: dict[str, str] = {}
        brands: dict[str, str] = {}
        for row, product_id in enumerate(ids):
            product = products.product(row)
            titles[product_id] = product.title
            if product.brands:
                brands[product_id] = product.brands[0]
        return cls(titles, brands, ProductVectors.of_snapshot(root / version))
