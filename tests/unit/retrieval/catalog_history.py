"""A catalogue that changes.

Products come, change and go, as a log of changes and as what is left of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shared.catalog.product import Product
from shared.catalog.wire import from_bytes, to_bytes
from shared.snapshot.change import Change, Encoding
from tests.unit.retrieval.snapshot_on_disk import DIM

ENCODER = {"name": "e", "sha256": "0123456789ab", "heads_sha256": ""}
ENCODER_VERSION = "e@0123456789ab"
WORDS = ("red", "blue", "lamp", "kettle", "t-shirt", "mug", "zephyrine", "steel", "lampshade")


def random_product(product_id: str, rng: random.Random) -> Product:
    def some(values: tuple[Any, ...], most: int) -> tuple[Any, ...]:
        return tuple(rng.sample(values, rng.randint(0, most)))

    attributes = {"color": some(("red", "Blue", "blue", "RED"), 2), "size": some((1.0, 2.5), 1)}
    return Product(
        product_id,
        " ".join(rng.sample(WORDS, 3)),
        brands=some(("Acme", "acme", "Hob", "Łux"), 2),
        categories=some(("A > B", "A > B > C", "D", "a > b"), 2),
        price=rng.choice([None, round(rng.uniform(0, 100), 2)]),
        rating_average=rng.choice([None, 3.0, 4.5]),
        rating_count=rng.randint(0, 1_000),
        publish_time=rng.choice([None, float(rng.randint(1, 10**9)), 4e9]),
        expire_time=rng.choice([None, None, 1.0, 4e9]),
        tags=some(("new", "eco"), 1),
        attributes={name: values for name, values in attributes.items() if values},
    )


def encoding_of(product: Product) -> Encoding:
    """One that depends on the title alone, as an encoder's would."""
    vector = np.random.default_rng(sum(map(ord, product.title)) + len(product.title)).normal(size=DIM)
    return Encoding(
        (vector / np.linalg.norm(vector)).astype(np.float16),
        np.full((2, 4), len(product.title), np.int8),
    )


@dataclass
class History:
    """Makes changes, and remembers what is there after them."""

    rng: random.Random
    ids: int = 12
    offset: int = 0
    products: dict[str, Product] = field(default_factory=dict)

    def write(self, product: Product | None, product_id: str = "") -> Change:
        """One record of aisle.vectors."""
        self.offset += 1
        if product is None:
            self.products.pop(product_id, None)
            return Change(2 * self.offset, product_id, offset=self.offset)
        self.products[product.product_id] = from_bytes(to_bytes(product))
        encodings = {ENCODER_VERSION: encoding_of(product), "another": encoding_of(product)}
        return Change.of(2 * self.offset, product, encodings, self.offset)

    def step(self) -> Change:
        """Whatever comes next: an upsert, a removal, or nothing."""
        product_id = f"p{self.rng.randrange(self.ids)}"
        kind = self.rng.random()
        if kind < 0.1:
            self.offset += 1
            return Change(2 * self.offset, offset=self.offset)
        return (
            self.write(None, product_id) if kind < 0.35 else self.write(random_product(product_id, self.rng))
        )

    def vectors(self) -> Any:
        """Of the products that are left (n, 8)."""
        return np.array([encoding_of(each).vector for each in self.products.values()]).reshape(-1, DIM)
