"""The families of a snapshot's rows and of the rows that follow it."""

from __future__ import annotations

from services.retrieval.families import BaseFamilies, Families
from shared.live.append_only import AppendOnly
from shared.live.live_products import RowsById
from shared.snapshot.families import FamilyCodes


class LiveFamilies:
    """Gives every new row the code of its family.

    A product keeps its code however often it is written, so that an order by it is stable.
    """

    def __init__(self, read: FamilyCodes, products: RowsById, base: BaseFamilies) -> None:
        self._read = read
        self._products = products
        self._base = base
        self._codes = AppendOnly("<u4")
        self._codes.extend(read.codes)
        # Families that the snapshot lacks, by the primary product's id
        self._new: dict[str, int] = {}

    def add(self, product_id: str, primary_product_id: str) -> None:
        """Append the next row; `primary_product_id` is empty for a product of its own."""
        self._codes.append(self._code(primary_product_id or product_id))

    def _code(self, product_id: str) -> int:
        code = self._products.row(product_id)
        if code is None:
            code = self._read.of_missing(product_id)
        if code is None:
            code = self._new.setdefault(product_id, len(self._read) + len(self._new))
        return code

    def upto(self, row_count: int) -> Families:
        """The families of the first rows. They do not change any more."""
        count = len(self._read) + len(self._new)
        return Families(self._codes.upto(row_count), count, self._base)
