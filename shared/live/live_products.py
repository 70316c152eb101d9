"""The products of a snapshot and its delta, by row and by id."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.catalog.product import Product
from shared.catalog.wire import family_of, from_bytes


class RowsById(Protocol):
    """Finds the rows of a snapshot's products."""

    def __len__(self) -> int: ...

    def row(self, product_id: str) -> int | None:
        """The row of a product. Returns None if the snapshot lacks the product."""


class Products(RowsById, Protocol):
    """The products of n rows.

    A replaced row keeps its product, for searches that have found it before.
    """

    def payload(self, row: int) -> bytes:
        """The serialised product in a row."""

    def product(self, row: int) -> Product:
        """The product in a row, as a value."""

    def family(self, row: int) -> tuple[str, str]:
        """The id of the product in a row, and that of the primary product of its family of
        variants.
        """

    def product_ids(self, rows: NDArray[np.int64]) -> list[str]:
        """The ids in some rows."""

    def was_removed(self, product_id: str) -> bool:
        """Whether a product was removed since the snapshot was written."""


class DeltaIds:
    """The slots of each product, latest last. A removal has a slot too."""

    def __init__(self) -> None:
        self.ids: list[str] = []  # by slot
        self._gone: list[bool] = []
        self._slots: dict[str, list[int]] = {}

    def add(self, product_id: str, gone: bool) -> None:
        """Give the next slot to a product."""
        self._gone.append(gone)
        self._slots.setdefault(product_id, []).append(len(self.ids))
        self.ids.append(product_id)

    def first(self, product_id: str) -> int | None:
        """The first slot of a product. Returns None if it has none."""
        slots = self._slots.get(product_id)
        return slots[0] if slots else None

    def latest(self, product_id: str, slot_count: int) -> tuple[int | None, bool]:
        """The slot of a product among the first `slot_count`, and whether it is a removal.

        Returns None if the product has no slot.
        """
        slots = self._slots.get(product_id, ())
        place = len(slots) if not slots or slots[-1] < slot_count else bisect_left(slots, slot_count)
        return (slots[place - 1], self._gone[slots[place - 1]]) if place else (None, False)


@dataclass(frozen=True)
class LiveRows:
    """RowsById of a snapshot and the first slots of its delta."""

    base: RowsById
    delta: DeltaIds
    slot_count: int

    def __len__(self) -> int:
        return len(self.base) + self.slot_count

    def row(self, product_id: str) -> int | None:
        """The row of a product's current version. Returns None if it was removed or is unknown."""
        slot, gone = self.delta.latest(product_id, self.slot_count)
        if gone:
            return None
        return self.base.row(product_id) if slot is None else len(self.base) + slot


@dataclass(frozen=True)
class LiveProducts:
    """Products of a snapshot and the first slots of its delta."""

    base: Products
    rows: LiveRows
    payloads: Sequence[bytes]  # by slot; later slots may exist

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, product_id: str) -> int | None:
        """See LiveRows."""
        return self.rows.row(product_id)

    def was_removed(self, product_id: str) -> bool:
        """See Products."""
        return self.rows.delta.latest(product_id, self.rows.slot_count)[1]

    def payload(self, row: int) -> bytes:
        """See Products."""
        old = len(self.base)
        return self.base.payload(row) if row < old else self.payloads[row - old]

    def product(self, row: int) -> Product:
        """See Products."""
        return from_bytes(self.payload(row))

    def family(self, row: int) -> tuple[str, str]:
        """See Products."""
        old = len(self.base)
        return self.base.family(row) if row < old else family_of(self.payloads[row - old])

    def product_ids(self, rows: NDArray[np.int64]) -> list[str]:
        """See Products."""
        old = len(self.base)
        new = self.rows.delta.ids
        if (rows < old).all():
            return self.base.product_ids(rows)
        known = iter(self.base.product_ids(rows[rows < old]))
        return [next(known) if row < old else new[row - old] for row in rows.tolist()]
