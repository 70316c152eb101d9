"""An opened snapshot, and the set of snapshots that requests may ask for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval import highlighting
from services.retrieval.dense import DenseLeg, DenseSearch
from services.retrieval.families import Families
from services.retrieval.fusion import fuse
from services.retrieval.lexical import LexicalLeg
from services.retrieval.orders import MergedOrders, Orders
from services.retrieval.soft_values import SoftValues
from services.retrieval.spelling import Spelling
from services.retrieval.times import NO_TIMES, Times
from shared.catalog.order_by import parsed
from shared.errors import Corrupt, SnapshotGone, Unavailable
from shared.first_use import used_once
from shared.live.live_lexical import copy_index
from shared.live.live_products import Products
from shared.live.wire_rows import WireRows
from shared.snapshot import encoder_words
from shared.snapshot.catalog_columns import CatalogColumns
from shared.snapshot.category_vectors import CategoryVectors
from shared.snapshot.columns import Columns
from shared.snapshot.families import FamilyCodes
from shared.snapshot.generation import Positions, encoder_version, lineage_of, read_manifest
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.products import ProductStore

Mask = NDArray[np.bool_]
_WARM_ORDERS = ("relevance", "newest", "price asc", "price desc", "rating desc")
KEPT = 2  # the current one, and the previous one for running searches


@dataclass(frozen=True)
class Snapshot:
    """One state of an opened index generation. Its parts agree on the rows, and it never changes.

    Later writes make a next state (see live.py). In that state, replaced rows are no longer alive,
    and new rows follow the generation's own.
    """

    version: str
    products: Products
    columns: CatalogColumns
    lexical: LexicalLeg
    dense: DenseSearch
    spelling: Spelling
    orders: MergedOrders
    families: Families
    rows: WireRows
    encoder_version: str
    log_position: int  # the catalogue log's offset up to which writes are shown
    lineage: str = ""  # changes of another lineage were computed for other products
    alive: Mask | None = None  # (n,): rows that were not replaced or removed; None: all
    dense_floor: float = -1.0  # best cosine of nonsense queries
    known_words_floor: float = -1.0  # the same, for queries of known words
    times: Times = NO_TIMES
    soft_values: SoftValues = field(default_factory=SoftValues)  # that queries may name
    unknown_languages: frozenset[str] = frozenset()  # ISO 639 codes that the encoder does not know

    @classmethod
    def open(cls, folder: Path, private: Path | None = None) -> Snapshot:
        """Map a snapshot's files and warm them up.

        `private` is a new folder for a copy of the word index, which is opened instead of the
        snapshot's own. Raises Corrupt, naming the file, if one does not match the manifest.
        """
        manifest = read_manifest(folder)
        products, columns = ProductStore.open(folder / "products"), Columns.open(folder / "columns")
        index, positions = _words_of(folder / "lexical", private), Positions.of(manifest)
        lexical = LexicalLeg(index, len(products))
        _check_counts(folder, manifest, [len(products), columns.row_count, index.searcher.num_docs])
        snapshot = cls(
            products=products,
            columns=columns,
            lexical=lexical,
            dense=DenseLeg.open(folder / "dense", manifest["dense"]),
            spelling=Spelling(index, lexical.compounds, encoder_words.read(folder)),
            orders=MergedOrders((Orders(columns, columns.values),)),
            families=Families.of(FamilyCodes.read(folder / "products", products)),
            rows=_wire_rows(len(products), positions.vectors),
            log_position=positions.catalog,
            times=Times.of(columns),
            soft_values=SoftValues.of(columns, index.analysis, CategoryVectors.read(folder)),
            **_manifest_fields(manifest),
        )
        return used_once(lambda: snapshot, cls.warm)

    @property
    def shown_count(self) -> int:
        """Products that are not replaced or removed."""
        return len(self.products) if self.alive is None else int(np.count_nonzero(self.alive))

    @cached_property
    def in_stock(self) -> Mask:
        """The rows (n,) that are not sold out, by their availability or quantity."""
        return ~np.concatenate([part.sold_out for part in self.orders.parts])

    def shown(self, published: bool = False) -> Mask | None:
        """The rows (n,) that are alive, available already and not expired; None: all.

        With `published`, those that are published later are left out too.
        """
        now = time.time()
        masks = [] if self.alive is None else [self.alive]
        if self.times.expires:
            masks.append(~(self._times("expire_time") <= now))
        if self.times.awaited:
            masks.append(~(self._times("available_time") > now))
        if published and self.times.embargoed:
            masks.append(~(self._times("publish_time") > now))
        return np.logical_and.reduce(masks) if masks else None

    def _times(self, name: str) -> NDArray[np.floating[Any]]:
        times = [segment.dense(name) for segment in self.columns.segments]
        return np.concatenate([each for each in times if each is not None])

    def warm(self) -> None:
        """Prepare what a first request would otherwise wait for."""
        for order in _WARM_ORDERS:
            self.orders.first(parsed(order), 1, self.shown())
        if self.columns.row_count:
            self.dense.best(np.zeros(self.dense.dim, np.float32), 1)
            self.lexical.search("a").best(1)
            highlighting.warm(self.lexical.index.analysis, self.products.product(0))
        fuse(np.arange(1), np.arange(1))  # numpy loads a part of itself, 70 ms


def _wire_rows(product_count: int, position: int) -> WireRows:
    """Those of a snapshot without a delta."""
    return WireRows(product_count, position, np.empty(0, np.int64), position)


def _manifest_fields(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a snapshot that come from the manifest alone."""
    floor = float(manifest.get("dense_floor", -1.0))
    return {
        "version": manifest["version"],
        "encoder_version": encoder_version(manifest.get("encoder", {})),
        "lineage": lineage_of(manifest),
        "dense_floor": floor,
        "known_words_floor": float(manifest.get("known_words_floor", floor)),
        "unknown_languages": frozenset(manifest.get("unknown_languages", {})),
    }


class Snapshots:
    """The opened snapshots, replaced as a whole.

    A request sees either the old set or the new one.
    """

    def __init__(self, *snapshots: Snapshot) -> None:
        """The current one last."""
        self._by_version = {snapshot.version: snapshot for snapshot in snapshots[-KEPT:]}
        self._changed = asyncio.Event()

    def swap(self, snapshot: Snapshot) -> None:
        """Use `snapshot` from now on.

        The previous one stays until the next swap, older ones until their last request.
        """
        others = [other for other in self._by_version.values() if other.version != snapshot.version]
        self._publish([*others, snapshot][-KEPT:])

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the next state of an open snapshot.

        A closed snapshot is ignored.
        """
        opened = self._by_version.values()
        self._publish([snapshot if each.version == snapshot.version else each for each in opened])

    def _publish(self, snapshots: Iterable[Snapshot]) -> None:
        self._by_version = {each.version: each for each in snapshots}
        self._changed.set()
        self._changed = asyncio.Event()

    def get(self, version: str = "", encoder_version: str = "") -> Snapshot:
        """The snapshot of that version, or the newest of that encoder, or the current one.

        Raises SnapshotGone, or Unavailable if none is open.
        """
        opened = self._by_version
        if not opened:
            raise Unavailable("retrieval: no snapshot is open yet; index a catalogue first")
        if version:
            return self._named(version)
        fitting = [each for each in opened.values() if encoder_version in ("", each.encoder_version)]
        if not fitting:
            have = ", ".join(each.encoder_version for each in opened.values())
            raise SnapshotGone(
                f"encoder_version: no snapshot of {encoder_version} is open here (of {have} there is)"
            )
        return fitting[-1]

    def _named(self, version: str) -> Snapshot:
        if version not in self._by_version:
            raise SnapshotGone(
                f"snapshot_version: {version} is not open here ({', '.join(self._by_version)} is)"
            )
        return self._by_version[version]

    async def showing(
        self, log_position: int, budget_ms: float, version: str = "", encoder: str = ""
    ) -> Snapshot:
        """Like `get`, once it shows the catalogue's writes up to a position.

        Raises Unavailable if the time passes before. Raises SnapshotGone if it never will, because
        a newer snapshot of its encoder applies the writes.
        """
        snapshot = self.get(version, encoder)
        try:
            async with asyncio.timeout(budget_ms / 1e3):
                while (snapshot := self.get(version, encoder)).log_position < log_position:
                    if snapshot is not self.get(encoder_version=snapshot.encoder_version):
                        raise SnapshotGone(
                            f"snapshot_version: {snapshot.version} takes in no more writes here"
                        )
                    await self._changed.wait()
        except TimeoutError:
            reason = f"{log_position} is not shown yet, {snapshot.log_position} is; ask again, or wait longer"
            raise Unavailable(f"wait_for_visible: {reason}") from None
        return snapshot


def _words_of(folder: Path, private: Path | None) -> LexicalIndex:
    if private is not None:
        copy_index(folder, private)
    return LexicalIndex.open(folder, private)


def _check_counts(folder: Path, manifest: Mapping[str, Any], found: Sequence[int]) -> None:
    if set(found) != {product_count := manifest["product_count"]}:
        counts = dict(zip(("products", "columns", "lexical"), found, strict=True))
        raise Corrupt(f"{folder}: the manifest has {product_count} products, but {counts}; rebuild it")
