"""An encoder that counts letters, and an indexer that uses it."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from services.embedding.encoding import EncoderIdentity
from services.embedding.indexing.indexer import Indexer
from shared.catalog.product import Product
from shared.snapshot.generation import Generation, current_generation

IDENTITY = asdict(EncoderIdentity("letters", sha256="0", dim=26, state_dim=4, max_tokens=8, bundle_version="b1"))


class LetterEncoder:
    """Counts letters; remembers what it was asked for."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        self.texts += texts
        counts = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
        vectors = counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)
        return vectors, [np.full((len(text.split()), 4), len(text) % 100, np.int8) for text in texts]


def letter_indexer(data: Path, encoder: LetterEncoder | None = None, **identity: object) -> Indexer:
    """An indexer whose text is the title."""
    return Indexer(data, encoder or LetterEncoder(), {**IDENTITY, **identity}, lambda product: product.title)


def titled(*titles: str) -> list[Product]:
    """A product for each title; its first three letters are the id."""
    return [Product(title[:3], title, price=float(len(title))) for title in titles]


def generation_of(data: Path) -> Generation:
    """The snapshot in use, verified."""
    generation = current_generation(data)
    assert generation is not None
    return generation


def titles_of(data: Path) -> list[str]:
    """The titles of the snapshot in use, by row."""
    products = generation_of(data).products
    return [products.product(row).title for row in range(len(products))]
