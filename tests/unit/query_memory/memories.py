"""A small query memory for tests."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shared.query_ids import query_hash
from shared.query_memory.memory import QueryMemory

DIM = 4
ENCODER = "toy-1"


def vector(*numbers: float) -> np.ndarray:
    """(DIM,) float32, unit norm."""
    found = np.array([*numbers, *[0.0] * (DIM - len(numbers))], np.float32)
    return found / np.linalg.norm(found)


def memory(
    opened: Mapping[str, Mapping[str, float]], vectors: Mapping[str, np.ndarray] | None = None
) -> QueryMemory:
    """Query -> product -> opens; queries without a vector have one of their own direction each."""
    known = vectors or {}
    product_ids = sorted({product for products in opened.values() for product in products})
    entries = [
        (product_ids.index(product), weight)
        for products in opened.values()
        for product, weight in products.items()
    ]
    return QueryMemory(
        hashes=np.array([query_hash(query) for query in opened], np.int64),
        texts=list(opened),
        vectors=np.array([known.get(query, np.zeros(DIM)) for query in opened], np.float16).reshape(-1, DIM),
        encoder_version=ENCODER,
        product_ids=product_ids,
        ends=np.cumsum([len(products) for products in opened.values()], dtype=np.int64),
        products=np.array([place for place, _ in entries], np.int64),
        weights=np.array([(weight, weight) for _, weight in entries], np.float32).reshape(-1, 2),
    )
