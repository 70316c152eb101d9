"""A snapshot that follows the catalogue. Writes produce its next state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from services.retrieval.dense import DenseLeg
from services.retrieval.lexical import LexicalLeg
from services.retrieval.live_dense import LiveDense
from services.retrieval.live_families import LiveFamilies
from services.retrieval.orders import MergedOrders, Orders
from services.retrieval.snapshots import Snapshot
from services.retrieval.times import Times
from shared.catalog.product import Product
from shared.catalog.wire import from_bytes
from shared.live.append_only import AppendOnly
from shared.live.live_columns import DeltaColumns
from shared.live.live_lexical import LiveLexical
from shared.live.live_products import DeltaIds, LiveProducts, LiveRows
from shared.live.wire_rows import WireRows
from shared.snapshot.change import NOTHING, Change
from shared.snapshot.columns import Columns
from shared.snapshot.families import FamilyCodes
from shared.snapshot.lexical import analysis_of
from shared.snapshot.products import ProductStore
from shared.snapshot.vocabulary import Vocabulary


class LiveSnapshot:
    """Applies changes in the order of the log, and shows them all at once in a next `state`.

    A state never changes: the arrays that states share only grow, and each state has its own mask
    of live rows. Call it from one thread at a time.
    """

    def __init__(self, folder: Path, private: Path) -> None:
        """Open the snapshot in `folder`. Its copy of the word index will be in `private`."""
        self._base = self.state = Snapshot.open(folder, private)
        self._folder = folder
        self._private = private
        self._lexical: LiveLexical | None = None  # made with the first change
        self._ids = DeltaIds()
        self._payloads = list[bytes]()
        columns = self._base.columns
        assert isinstance(columns, Columns) and isinstance(self._base.dense, DenseLeg)
        self._base_columns = columns
        self._base_dense = self._base.dense
        self._columns = DeltaColumns(columns)
        self._families = self._opened_families()
        self._vectors = AppendOnly("<f4", self._base.dense.dim)
        self._offsets = AppendOnly("<i8")
        self._homes = AppendOnly("<i8")  # the row that each product had first
        self._homes.extend(np.arange(columns.row_count))
        self._alive = AppendOnly(np.bool_)
        self._alive.extend(np.ones(columns.row_count, np.bool_))
        self._all_alive = True

    def _opened_families(self) -> LiveFamilies:
        products = self._base.products
        assert isinstance(products, ProductStore)
        codes = FamilyCodes.read(self._folder / "products", products)
        return LiveFamilies(codes, products, self._base.families.base)

    @property
    def version(self) -> str:
        return self._base.version

    @property
    def encoder_version(self) -> str:
        return self._base.encoder_version

    @property
    def position(self) -> int:
        """The offset in aisle.vectors up to which changes are in `state`."""
        return self.state.rows.position

    def apply(self, changes: Sequence[Change]) -> None:
        """Make the next `state`. After an error the snapshot must be opened again."""
        if not changes:
            return
        slots = len(self._ids.ids)
        for change in changes:
            if change.product_id != NOTHING:
                self._take(change)
        position = changes[-1].offset
        log_position = self._log_position(changes)
        if len(self._ids.ids) > slots:
            self.state = self._next(position, log_position)
        else:
            self.state = replace(
                self.state,
                rows=replace(self.state.rows, position=position),
                log_position=log_position,
            )

    def _log_position(self, changes: Sequence[Change]) -> int:
        """The position up to which the catalogue's writes are shown.

        Changes for another lineage do not count.
        """
        own = [change.catalog_offset for change in changes if (change.lineage or "") == self._base.lineage]
        return max([self.state.log_position, *own])

    def _take(self, change: Change) -> None:
        row = self._rows().row(change.product_id)
        if row is not None:
            self._writer().delete(self._product(row), row)
            self._alive.upto(row + 1)[row] = self._all_alive = False
        elif not change.payload:  # removed already
            return
        self._add(change)

    def _add(self, change: Change) -> None:
        """Append a slot. Without a product it is a removal."""
        is_present = change.product is not None
        self._homes.append(self._home(change.product_id))
        if change.product is not None:
            self._writer().add(change.product, len(self._rows()))
        encoding = change.encoding(self.encoder_version, self._base_dense.dim)
        # Without a vector, words alone find it
        self._vectors.append(0 if encoding is None else encoding.vector)
        self._payloads.append(change.payload)
        self._columns.add(change.product)
        if change.product is not None:
            self._base.soft_values.add(change.product, self._columns.values)
        primary = change.product.primary_product_id if change.product else ""
        self._families.add(change.product_id, primary)
        self._offsets.append(change.offset)
        self._alive.append(is_present)
        self._all_alive = self._all_alive and is_present
        self._ids.add(change.product_id, gone=not is_present)

    def _home(self, product_id: str) -> int:
        row = self._base.products.row(product_id)
        if row is not None:
            return row
        slot = self._ids.first(product_id)
        return len(self._base.products) + (len(self._ids.ids) if slot is None else slot)

    def _rows(self) -> LiveRows:
        return LiveRows(self._base.products, self._ids, len(self._ids.ids))

    def _product(self, row: int) -> Product:
        return from_bytes(LiveProducts(self._base.products, self._rows(), self._payloads).payload(row))

    def _writer(self) -> LiveLexical:
        if self._lexical is None:
            lexical = self._folder / "lexical"
            self._lexical = LiveLexical(self._private, Vocabulary.open(lexical), analysis_of(lexical))
        return self._lexical

    def _next(self, position: int, log_position: int) -> Snapshot:
        rows = self._rows()
        base = self._base
        slots = rows.slot_count
        index = self._writer().committed()
        columns = self._columns.over(self._base_columns, slots)
        lexical = LexicalLeg(index, len(rows), base.lexical.compounds)
        return replace(
            base,
            products=LiveProducts(base.products, rows, self._payloads),
            columns=columns,
            lexical=lexical,
            dense=LiveDense(self._base_dense, len(base.products), self._vectors.upto(slots)),
            spelling=replace(self._base.spelling, index=index, compounds=lexical.compounds),
            orders=MergedOrders(
                (*base.orders.parts, Orders(columns.delta, columns.values)), self._homes.upto(len(rows))
            ),
            families=self._families.upto(len(rows)),
            rows=WireRows(
                len(base.products), base.rows.vectors_position, self._offsets.upto(slots), position
            ),
            log_position=log_position,
            times=base.times | Times.of(columns.delta),
            alive=None if self._all_alive else self._alive.upto(len(rows)).copy(),
        )
