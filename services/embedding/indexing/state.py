"""The catalogue as the indexer knows it: a snapshot, and the changes in aisle.vectors after it."""

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
    """A product, and its encodings by encoder version."""

    product: Product
    payload: bytes
    encodings: Mapping[str, Encoding]


@dataclass(frozen=True)
class CatalogState:
    """Every product by id, read from disk on demand.

    `foreign` are changes after the snapshot that were computed for another lineage. Replicas show
    them, but they do not reflect the catalogue's writes. Then `tail` is empty.
    """

    base: Generation
    tail: Tail
    # Whether the encoder would make the encodings of the base, and those in the tail, again
    # as they are
    trusted: bool
    foreign: Tail | None = None

    def get(self, product_id: str) -> Known | None:
        """A product as replicas show it. Returns None if it does not exist or was removed."""
        change = (self.foreign or self.tail).get(product_id)
        if change is None:
            return self._in_base(product_id)
        if change.product is None:
            return None
        return Known(change.product, change.payload, self._trusted(change.encodings))

    def product(self, product_id: str) -> Product | None:
        """A product after the writes up to `tail.end`."""
        change = self.tail.get(product_id)
        if change is not None:
            return change.product
        row = self.base.products.row(product_id)
        return None if row is None else self.base.products.product(row)

    def variants(self, product_id: str) -> Iterable[str]:
        """See Written."""
        return {*self.base.variants.of(product_id), *self.tail.variants(product_id)}

    def encoded(self, product_id: str) -> list[Known]:
        """The product with the encodings that are shown and those in the snapshot."""
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
