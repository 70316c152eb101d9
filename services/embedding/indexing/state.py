"""The catalogue as the indexer has left it.

A snapshot, and what it has written to aisle.vectors since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.embedding.indexing.tail import Tail
from shared.catalog.product import Product
from shared.catalog.wire import from_bytes
from shared.snapshot.change import Encoding
from shared.snapshot.generation import Generation


@dataclass(frozen=True)
class Known:
    """A product that is there, and what encoders made of it, by their versions."""

    product: Product
    payload: bytes
    encodings: Mapping[str, Encoding]


@dataclass(frozen=True)
class CatalogState:
    """Every product by id, read from the disk when asked for.

    `foreign` are changes that come after the snapshot in aisle.vectors and were worked out over
    another lineage: replicas show them, but they do not say what the catalogue's writes come to.
    Then `tail` is empty.
    """

    base: Generation
    tail: Tail
    # Whether encodings of the base, and those of its encoder in the tail, are what it would make
    # now
    trusted: bool
    foreign: Tail | None = None

    def get(self, product_id: str) -> Known | None:
        """A product as replicas show it; None when there is none, or not any more."""
        change = (self.foreign or self.tail).get(product_id)
        if change is None:
            return self._in_base(product_id)
        if change.product is None:
            return None
        return Known(change.product, change.payload, self._trusted(change.encodings))

    def product(self, product_id: str) -> Product | None:
        """A product as the writes up to `tail.end` have left it."""
        change = self.tail.get(product_id)
        if change is not None:
            return change.product
        row = self.base.products.row(product_id)
        return None if row is None else self.base.products.product(row)

    def variants(self, product_id: str) -> Iterable[str]:
        """See Written."""
        return {*self.base.variants.of(product_id), *self.tail.variants(product_id)}

    def encoded(self, product_id: str) -> list[Known]:
        """The product with its encodings, as it is shown and as the snapshot has it."""
        return [known for known in (self.get(product_id), self._in_base(product_id)) if known]

    def _in_base(self, product_id: str) -> Known | None:
        row = self.base.products.row(product_id)
        if row is None:
            return None
        payload = self.base.products.payload(row)
        encodings = {self.base.encoder_version: self.base.encoding(row)}
        return Known(from_bytes(payload), payload, self._trusted(encodings))

    def _trusted(self, encodings: Mapping[str, Encoding]) -> Mapping[str, Encoding]:
        untrusted = None if self.trusted else self.base.encoder_version
        return {version: encoding for version, encoding in encodings.items() if version != untrusted}
