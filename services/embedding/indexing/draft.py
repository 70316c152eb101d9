"""The products after some catalogue writes, before they are encoded or written to aisle.vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from shared.catalog.acceptance import objection
from shared.catalog.product import Product
from shared.catalog.writes import Write


class Written(Protocol):
    """The catalogue after all earlier writes."""

    def product(self, product_id: str) -> Product | None:
        """A product. Returns None if it does not exist."""

    def variants(self, product_id: str) -> Iterable[str]:
        """The ids of products that may be variants of a primary product."""


class Draft:
    """Applies writes in the order of the log. Removing a primary product removes its variants."""

    def __init__(self, before: Written) -> None:
        self._before = before
        self._after: dict[str, Product | None] = {}
        self._variants: dict[str, set[str]] = {}  # of a primary product, by writes applied so far
        self.outdated: list[Write] = []  # not applied, since the product has a newer update_time

    @property
    def product_ids(self) -> list[str]:
        """The products that the writes name, and their variants."""
        return list(self._after)

    def product(self, product_id: str) -> Product | None:
        """A product after the writes so far. Returns None if it does not exist."""
        return self._after[product_id] if product_id in self._after else self._before.product(product_id)

    def take(self, write: Write) -> str:
        """Apply a write. If it cannot be applied, changes nothing and returns the reason.

        An older state of a product than it has changes nothing either, and is no fault.
        """
        before = self.product(write.product_id)
        if write.fields and write.product is not None and before is None:
            return f"product_id: there is no product {write.product_id!r}; send the whole product"
        if write.is_older_than(before):
            self.outdated.append(write)
            return ""
        after = write.applied_to(before)
        if after is not None and after is not before and (fault := objection(after)):
            return f"{fault.field}: {fault.reason}"
        if write.is_removal:
            self._remove_variants(write.product_id)
        self._after[write.product_id] = after
        if after is not None and after.primary_product_id:
            self._variants.setdefault(after.primary_product_id, set()).add(write.product_id)
        return ""

    def _remove_variants(self, product_id: str) -> None:
        for each in {*self._before.variants(product_id), *self._variants.pop(product_id, ())} - {product_id}:
            product = self.product(each)
            if product is not None and product.primary_product_id == product_id:
                self._after[each] = None
