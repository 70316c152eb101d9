"""Turns catalogue writes into changes, with the encodings of new texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.embedding.indexing.ports import ProductEncoder
from services.embedding.indexing.product_window import Text
from services.embedding.indexing.state import CatalogState, Known
from shared.catalog.product import Product
from shared.catalog.wire import to_bytes
from shared.snapshot.change import Change, Encoding

Encoders = Mapping[str, ProductEncoder]  # by version


@dataclass(frozen=True)
class ChangeMaker:
    """Computes the changes that writes make.

    A write without effect makes no change. Only new texts are encoded.
    """

    text: Text

    def changes(
        self,
        products: Mapping[str, Product | None],
        state: CatalogState,
        encoders: Encoders,
        start: int,
        end: int,
    ) -> list[Change]:
        """The changes from the shown products to these, by id.

        They cover the catalogue up to `end`. Only the last one carries `end`, the others carry
        `start`. So an indexer that has seen only some of them starts again at `start`, with the
        same result. If nothing changes, a single change carries the position.
        """
        changed = [change for each in products.items() if (change := self._change(*each, state, encoders))]
        encoded = self._encoded(changed, encoders) or [Change(end)]
        return [*(change.at(start) for change in encoded[:-1]), encoded[-1].at(end)]

    def _change(
        self, product_id: str, product: Product | None, state: CatalogState, encoders: Encoders
    ) -> Change | None:
        """The change, with the encodings that can be kept.

        Returns None if the product is shown like this already.
        """
        shown = state.get(product_id)
        if product is None:
            return Change(0, product_id) if shown else None
        payload = to_bytes(product)
        kept = self._kept(product, state.encoded(product_id), encoders)
        if shown and payload == shown.payload and len(kept) == len(encoders):
            return None
        return Change(0, product_id, payload, kept)

    def _kept(self, product: Product, known: Sequence[Known], encoders: Encoders) -> dict[str, Encoding]:
        """Earlier encodings of the same text of the same product."""
        text = self.text(product)
        kept = dict[str, Encoding]()
        for each in known:
            if self.text(each.product) == text:
                found = {
                    version: encoding for version, encoding in each.encodings.items() if version in encoders
                }
                kept = found | kept
        return kept

    def _encoded(self, changes: Sequence[Change], encoders: Encoders) -> list[Change]:
        """The changes with an encoding by every encoder."""
        complete = list(changes)
        for version, encoder in encoders.items():
            products = {
                place: each.product for place, each in enumerate(complete) if version not in each.encodings
            }
            texts = {place: self.text(product) for place, product in products.items() if product is not None}
            vectors, states = encoder.encode_products(list(texts.values())) if texts else ((), ())
            for place, vector, each in zip(texts, vectors, states, strict=True):
                encoding = Encoding(np.asarray(vector, np.float16), each)
                complete[place] = replace(
                    complete[place], encodings={**complete[place].encodings, version: encoding}
                )
        return complete
