"""The reranker's part of an index generation and its delta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix
from services.reranker.states import Rows, TokenStates
from shared.catalog.fields import NUMBERS
from shared.errors import Corrupt
from shared.live.append_only import AppendOnly
from shared.live.live_columns import DeltaNumbers
from shared.live.live_products import DeltaIds, LiveProducts, LiveRows, Products
from shared.live.wire_rows import UNKNOWN, WireRows
from shared.snapshot.change import NOTHING, Change
from shared.snapshot.columns import Columns
from shared.snapshot.generation import Positions, encoder_version

_FROM_THE_START = Positions()
_PLACES = {name: place for place, name in enumerate(NUMBERS)}


class Payloads(Protocol):
    """Serialised products, by row."""

    def payload(self, row: int) -> bytes:
        """A serialised aisle.v1.Product."""


class RerankerSnapshot:
    """An opened snapshot of n products, memory-mapped, that applies changes while it serves.

    Rows below n are the snapshot's. Rows from n on are later ones. UNKNOWN marks a product that has
    not arrived yet. One thread appends while others read. A row's data never changes, so a request
    needs no state of its own.
    """

    def __init__(  # noqa: PLR0913  (the parts of a snapshot)
        self,
        version: str,
        states: TokenStates,
        vectors: NDArray[np.floating],
        columns: Columns,
        products: Products,
        positions: Positions = _FROM_THE_START,
        encoder: Mapping[str, Any] | None = None,
    ) -> None:
        """`vectors` (n, dim), unit norm; `encoder` as in the manifest. Raises Corrupt if parts do not fit."""
        counts = {len(states), len(vectors), columns.row_count, len(products)}
        if len(counts) > 1:
            raise Corrupt(f"snapshot {version}: its parts count {sorted(counts)} products; index again")
        self.version = version
        self.states = states
        self.encoder_version = encoder_version(encoder or {})
        self.heads_sha256 = str((encoder or {}).get("heads_sha256", ""))
        self.position = positions.vectors  # offset in aisle.vectors up to which changes are applied
        self._old_count = len(products)
        self._since = positions.vectors
        self._vectors = vectors
        self._columns = columns
        self._products = products
        self._ids = DeltaIds()
        self._payloads = list[bytes]()
        self._offsets = AppendOnly("<i8")
        self._new_vectors = AppendOnly("<f2", vectors.shape[1])
        self._new_numbers = DeltaNumbers()

    def __len__(self) -> int:
        """The number of rows, including those of replaced products."""
        return self._old_count + len(self._offsets)

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply changes, in the order of the log."""
        for change in changes:
            if change.product_id != NOTHING:
                self._add(change)
            self.position = change.offset

    def _add(self, change: Change) -> None:
        encoding = change.encoding(self.encoder_version, self._vectors.shape[1], self.states.dim)
        self.states.add(np.zeros((0, 0), np.int8) if encoding is None else encoding.states)
        self._new_vectors.append(0 if encoding is None else encoding.vector)
        self._new_numbers.add(change.product)
        self._payloads.append(change.payload)
        self._ids.add(change.product_id, gone=change.product is None)
        self._offsets.append(change.offset)  # last, so that every row with an offset is complete

    @property
    def products(self) -> LiveProducts:
        """The current products by row and by id."""
        return LiveProducts(
            self._products, LiveRows(self._products, self._ids, len(self._offsets)), self._payloads
        )

    def payload(self, row: int) -> bytes:
        """The serialised product in a row."""
        return self.products.payload(row)

    def ids_at(self, rows: Rows) -> list[str]:
        """The ids in `rows`. Empty for a product that has not arrived yet."""
        if (known := rows != UNKNOWN).all():
            return self.products.product_ids(rows)
        ids = iter(self.products.product_ids(rows[known]))
        return [next(ids) if each else "" for each in known.tolist()]

    def to_core(self, wire_rows: Rows) -> Rows:
        """This process's rows (k,) for retrieval's; UNKNOWN if not arrived yet."""
        offsets = self._offsets.upto(len(self._offsets))
        return WireRows(self._old_count, self._since, offsets, self.position).to_core(wire_rows)

    def column(self, name: str, rows: Rows) -> Matrix:
        """A numeric column at `rows`. Nan for missing values and unknown products."""
        found = np.full(len(rows), np.nan, np.float32)
        if (old := self._columns.dense(name)) is not None:
            new = self._new_numbers.upto(len(self._offsets))[:, _PLACES[name]]
            for mask, values, places in self._split(rows, old, new):
                found[mask] = values[places]
        return found

    def vectors_at(self, rows: Rows) -> NDArray[np.floating]:
        """Vectors (k, dim) of `rows`. Zeros for unknown products."""
        found = np.zeros((len(rows), self._vectors.shape[1]), self._vectors.dtype)
        for mask, values, places in self._split(
            rows, self._vectors, self._new_vectors.upto(len(self._offsets))
        ):
            found[mask] = values[places]
        return found

    def _split(
        self, rows: Rows, old: NDArray[Any], new: NDArray[Any]
    ) -> tuple[tuple[NDArray[np.bool_], NDArray[Any], Rows], ...]:
        """Split `rows` into the snapshot's and later ones.

        Returns for each a mask of `rows`, the array to read, and the positions in it.
        """
        is_old = (rows > UNKNOWN) & (rows < self._old_count)
        is_new = rows >= self._old_count
        return (is_old, old, rows[is_old]), (is_new, new, rows[is_new] - self._old_count)
