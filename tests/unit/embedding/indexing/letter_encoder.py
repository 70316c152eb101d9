"""An encoder that counts letters, and an indexer that uses it."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from services.embedding.encoding import EncoderIdentity
from services.embedding.indexing.indexer import Indexer
from services.embedding.indexing.nonsense import nonsense
from services.embedding.indexing.tail import Tail
from shared.catalog.product import Product
from shared.events.log import Record
from shared.snapshot.change import Change, Encoding, to_record
from shared.snapshot.generation import Generation, current_generation, encoder_version, snapshots_of

IDENTITY = asdict(
    EncoderIdentity("letters", sha256="0", dim=26, state_dim=4, max_tokens=8, bundle_version="b1")
)
VERSION = encoder_version(IDENTITY)


class LetterEncoder:
    """Counts letters, and remembers the texts of products that it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.words: list[str] = []  # that it knows
        self._nonsense = frozenset(nonsense())

    def known_words(self) -> list[str]:
        return self.words

    def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        self.texts += [text for text in texts if text not in self._nonsense]
        counts = np.array(
            [[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32
        )
        vectors = counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)
        return vectors, [np.full((len(text.split()), 4), len(text) % 100, np.int8) for text in texts]


def letter_indexer(data: Path, encoder: LetterEncoder | None = None, **identity: object) -> Indexer:
    """An indexer whose text is the title."""
    return Indexer(data, encoder or LetterEncoder(), {**IDENTITY, **identity}, lambda product: product.title)


def letters_of(title: str) -> Encoding:
    """What the encoder makes of a title."""
    vectors, states = LetterEncoder().encode_products([title])
    return Encoding(vectors[0].astype(np.float16), states[0])


def changed(product: Product | str, catalog_offset: int = 0, version: str = VERSION) -> Change:
    """A change with the encoder's encoding. A product id alone means a removal."""
    if isinstance(product, str):
        return Change(catalog_offset, product)
    return Change.of(catalog_offset, product, {version: letters_of(product.title)})


def tail_of(data: Path, *changes: Change) -> Tail:
    """The changes as if they followed the current snapshot in the log."""
    start = generation_of(data).positions
    tail = Tail(snapshots_of(data), start)
    for offset, change in enumerate(changes, start.vectors + 1):
        record = to_record(change)
        tail.add(Record(offset, record.key, record.value, time.time()))
    return tail


def titled(*titles: str) -> list[Product]:
    """A product for each title; its first three letters are the id."""
    return [Product(title[:3], title, price=float(len(title))) for title in titles]


def generation_of(data: Path) -> Generation:
    """The snapshot in use, verified."""
    generation = current_generation(data)
    assert generation is not None
    return generation


def products_of(data: Path) -> list[Product]:
    """The products of the snapshot in use, by row."""
    products = generation_of(data).products
    return [products.product(row) for row in range(len(products))]


def titles_of(data: Path) -> list[str]:
    """The titles of the snapshot in use, by row."""
    return [product.title for product in products_of(data)]
