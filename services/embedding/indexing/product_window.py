"""Products of the next snapshot, a window at a time, with the previous snapshot's encodings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.embedding.indexing.incoming import IncomingProducts
from services.embedding.indexing.merge import NONE, Merge
from services.embedding.indexing.tail import Tail
from shared.catalog.product import Product
from shared.catalog.wire import from_bytes
from shared.snapshot.change import Encoding
from shared.snapshot.generation import Generation

Text = Callable[[Product], str]

WINDOW_PRODUCTS = 4_096


@dataclass
class ProductWindow:
    """Some products of the new snapshot.

    `unknown` are the positions whose vectors and states must be made.
    """

    products: list[Product]
    payloads: list[bytes]  # the products' serialised messages
    vectors: NDArray[np.float32]  # (n, dim)
    states: list[NDArray[np.int8]]  # (tokens, state_dim) each
    texts: list[str]
    unknown: list[int]


@dataclass(frozen=True)
class Source:
    """The source of all parts of the new snapshot."""

    old: Generation | None
    old_encodings: bool  # whether the encoder would make the old vectors and states again
    tail: Tail | None  # changes since the old snapshot, with encodings
    tail_encodings: bool  # whether those can be used
    incoming: IncomingProducts  # the tail's products first
    merge: Merge
    text: Text
    dim: int
    state_dim: int
    encoder_version: str

    def windows(self) -> Iterator[ProductWindow]:
        """All products in the order of their rows."""
        for start in range(0, len(self.merge), WINDOW_PRODUCTS):
            yield self._window(range(start, min(start + WINDOW_PRODUCTS, len(self.merge))))

    def _window(self, rows: range) -> ProductWindow:
        payloads = [self._payload(row) for row in rows]
        products = [from_bytes(payload) for payload in payloads]
        texts = [self.text(product) for product in products]
        vectors = np.zeros((len(rows), self.dim), np.float32)
        window = ProductWindow(
            products, payloads, vectors, [np.zeros((0, 0), np.int8)] * len(rows), texts, []
        )
        for place, row in enumerate(rows):
            known = self._encoded_before(products[place].product_id, row, texts[place])
            if known is None:
                window.unknown.append(place)
            else:
                window.vectors[place] = known.vector
                window.states[place] = known.states
        return window

    def _payload(self, row: int) -> bytes:
        place = int(self.merge.new_places[row])
        return (
            self.incoming.payload(place)
            if place != NONE
            else self._old_payload(int(self.merge.old_rows[row]))
        )

    def _old_payload(self, old_row: int) -> bytes:
        assert self.old is not None
        return self.old.products.payload(old_row)

    def _encoded_before(self, product_id: str, row: int, text: str) -> Encoding | None:
        """The encoding of this product's text by the same encoder, from the tail or the old
        snapshot.
        """
        change = self.tail.get(product_id) if self.tail else None
        if change is not None and change.product is not None and self.text(change.product) == text:
            return (
                change.encoding(self.encoder_version, self.dim, self.state_dim)
                if self.tail_encodings
                else None
            )
        old_row = int(self.merge.old_rows[row])
        if self.old is None or not self.old_encodings or old_row == NONE:
            return None
        came_again = self.merge.new_places[row] != NONE
        if came_again and self.text(from_bytes(self._old_payload(old_row))) != text:
            return None
        return self.old.encoding(old_row)
