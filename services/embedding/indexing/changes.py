"""Catalogue writes in; the changes that they make, with what the encoders say of new texts, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.embedding.indexing.ports import ProductEncoder
from services.embedding.indexing.state import CatalogState, Known
from services.embedding.indexing.window import Text
from shared.catalog.product import Product
from shared.catalog.wire import to_bytes
from shared.catalog.writes import Write
from shared.snapshot.change import Change, Encoding

Encoders = Mapping[str, ProductEncoder]  # by version


@dataclass(frozen=True)
class ChangeMaker:
    """Works out what writes change. What changes nothing makes no change; only a new text is encoded."""

    text: Text

    def changes(
        self, writes: Iterable[Write], state: CatalogState, encoders: Encoders, start: int, end: int
    ) -> list[Change]:
        """The changes that writes from catalogue offset `start` (not included) to `end` make, each product once.

        Only the last stands for `end`: whoever has taken in a part of them begins again at `start`, and comes to the
        same. When nothing changes there is one that says just that.
        """
        changed = [each for each in self._changed(writes, state, encoders) if each is not None]
        encoded = self._encoded(changed, encoders) or [Change(end)]
        return [*(change.at(start) for change in encoded[:-1]), encoded[-1].at(end)]

    def _changed(self, writes: Iterable[Write], state: CatalogState, encoders: Encoders) -> list[Change | None]:
        known: dict[str, Known | None] = {}
        products: dict[str, Product | None] = {}
        for write in writes:
            product_id = write.product_id
            if product_id not in known:
                before = known[product_id] = state.get(product_id)
                products[product_id] = before.product if before else None
            products[product_id] = write.applied_to(products[product_id])
        return [self._change(each, products[each], before, encoders) for each, before in known.items()]

    def _change(
        self, product_id: str, product: Product | None, before: Known | None, encoders: Encoders
    ) -> Change | None:
        """With the encodings that can be kept; None when all stays as it was."""
        if product is None:
            return Change(0, product_id) if before else None
        payload = to_bytes(product)
        if before is None or self.text(before.product) != self.text(product):
            return Change(0, product_id, product, payload)
        kept = {version: encoding for version, encoding in before.encodings.items() if version in encoders}
        if payload == before.payload and len(kept) == len(encoders):
            return None
        return Change(0, product_id, product, payload, kept)

    def _encoded(self, changes: Sequence[Change], encoders: Encoders) -> list[Change]:
        """The changes with an encoding of every encoder."""
        complete = list(changes)
        for version, encoder in encoders.items():
            products = {place: each.product for place, each in enumerate(complete) if version not in each.encodings}
            texts = {place: self.text(product) for place, product in products.items() if product is not None}
            vectors, states = encoder.encode_products(list(texts.values())) if texts else ((), ())
            for place, vector, each in zip(texts, vectors, states, strict=True):
                encoding = Encoding(np.asarray(vector, np.float16), each)
                complete[place] = replace(complete[place], encodings={**complete[place].encodings, version: encoding})
        return complete
