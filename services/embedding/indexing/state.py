"""The catalogue as the indexer has left it: a snapshot, and what it has written to aisle.vectors since."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Every product by id, read from the disk when asked for."""

    base: Generation
    tail: Tail
    trusted: bool  # whether encodings of the base, and those of its encoder in the tail, are what it would make now

    def get(self, product_id: str) -> Known | None:
        """A product; None when there is none, or not any more."""
        change = self.tail.get(product_id)
        if change is not None:
            if change.product is None:
                return None
            return Known(change.product, change.payload, self._trusted(change.encodings))
        row = self.base.products.row(product_id)
        if row is None:
            return None
        payload = self.base.products.payload(row)
        encodings = {self.base.encoder_version: self.base.encoding(row)}
        return Known(from_bytes(payload), payload, self._trusted(encodings))

    def _trusted(self, encodings: Mapping[str, Encoding]) -> Mapping[str, Encoding]:
        untrusted = None if self.trusted else self.base.encoder_version
        return {version: encoding for version, encoding in encodings.items() if version != untrusted}
