"""One opened snapshot, and the ones that requests may still ask for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.retrieval.dense import DenseLeg
from services.retrieval.fusion import fuse
from services.retrieval.lexical import LexicalLeg
from services.retrieval.orders import ORDERS, Orders
from services.retrieval.spelling import Spelling
from shared.errors import Corrupt, SnapshotGone, Unavailable
from shared.snapshot.columns import Columns
from shared.snapshot.generation import read_manifest
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.products import ProductStore

Mask = NDArray[np.bool_]
KEPT = 2  # the current one, and the one that searches in flight began with


@dataclass(frozen=True)
class Snapshot:
    """One index generation, opened; its parts agree on the rows."""

    version: str
    products: ProductStore
    columns: Columns
    lexical: LexicalLeg
    dense: DenseLeg
    spelling: Spelling

    @classmethod
    def open(cls, folder: Path, verify: bool = True) -> Snapshot:
        """Map a snapshot's files and warm them up.

        Raises Corrupt naming the file when one is not what the manifest says; `verify` False checks sizes only.
        """
        manifest = read_manifest(folder, verify)
        products, columns = ProductStore.open(folder / "products"), Columns.open(folder / "columns")
        index = LexicalIndex.open(folder / "lexical")
        counts = {"products": len(products), "columns": columns.row_count, "lexical": index.searcher.num_docs}
        if set(counts.values()) != {manifest["product_count"]}:
            raise Corrupt(f"{folder}: the manifest has {manifest['product_count']} products, but {counts}; rebuild it")
        dense, lexical = DenseLeg.open(folder / "dense", manifest["dense"]), LexicalLeg(index, len(products))
        snapshot = cls(manifest["version"], products, columns, lexical, dense, Spelling(index))
        snapshot.warm()
        return snapshot

    @cached_property
    def orders(self) -> Orders:
        return Orders(self.columns)

    @cached_property
    def _expires(self) -> bool:
        expiry = self.columns.dense("expire_time")
        return expiry is not None and bool(np.any(~np.isnan(expiry)))

    def shown(self) -> Mask | None:
        """The rows (n,) that have not expired; None when all are shown."""
        expiry = self.columns.dense("expire_time")
        return ~(expiry <= time.time()) if self._expires and expiry is not None else None

    def warm(self) -> None:
        """Do once what a first request would otherwise wait for."""
        for order in ORDERS:
            self.orders.first(order, 1, self.shown())
        if self.columns.row_count:
            self.dense.best(np.zeros(self.dense.dim, np.float32), 1)
            self.lexical.search("a").best(1)
        fuse(np.arange(1), np.arange(1))  # numpy loads a part of itself here, 70 ms


class Snapshots:
    """The opened snapshots, replaced as a whole: a request sees either the old set or the new one."""

    def __init__(self, *snapshots: Snapshot) -> None:
        """The current one last."""
        self._by_version = {snapshot.version: snapshot for snapshot in snapshots[-KEPT:]}

    def swap(self, snapshot: Snapshot) -> None:
        """Use `snapshot` from now on; the one before stays until the next swap, older ones until their last request."""
        others = [other for other in self._by_version.values() if other.version != snapshot.version]
        self._by_version = {each.version: each for each in [*others, snapshot][-KEPT:]}

    def get(self, version: str = "") -> Snapshot:
        """The snapshot of that version, the current one when empty. Raises SnapshotGone, or Unavailable without any."""
        opened = self._by_version
        if not opened:
            raise Unavailable("retrieval: no snapshot is open yet; index a catalogue first")
        if not version:
            return list(opened.values())[-1]
        if version not in opened:
            raise SnapshotGone(f"snapshot_version: {version} is not open here ({', '.join(opened)} is)")
        return opened[version]
