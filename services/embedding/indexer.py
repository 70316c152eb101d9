"""Products and the previous snapshot in, the next snapshot out.

Every snapshot is whole: the old products that are still there, then the new ones. A product whose text the encoder has
seen keeps its vector and states. Memory holds a window of products, and some bytes for each of the others.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.embedding.dense_index import DensePlan, build_index
from services.embedding.incoming import IncomingProducts
from services.embedding.merge import NONE, Merge, merge
from services.embedding.snapshot_writer import SnapshotWriter
from shared import artifacts
from shared.catalog.product import Product
from shared.errors import Overloaded
from shared.snapshot.generation import FORMAT, Generation, current_generation, new_version_name, snapshots_of

Vectors = NDArray[np.float32]  # (n, dim), unit norm
States = NDArray[np.int8]  # (tokens, state_dim)
Text = Callable[[Product], str]
Progress = Callable[[int, int], None]  # products written so far, and in all

WINDOW_PRODUCTS = 4_096
KEPT_SNAPSHOTS = 2


class ProductEncoder(Protocol):
    """What makes vectors and states of texts."""

    def encode_products(self, texts: Sequence[str], /) -> tuple[Vectors, list[States]]:
        """(n, dim) float32, and (tokens, state_dim) int8 for each text."""


@dataclass(frozen=True)
class IndexReport:
    """What an indexing run did."""

    version: str
    product_count: int
    incoming_count: int  # taken in, an id that came twice counting twice
    replaced_count: int  # that came after another of the same id in the same run
    reused_count: int  # products whose vectors were kept
    dense: Mapping[str, Any]  # kind, recall and parameters of the FAISS index
    seconds: float


class Indexer:
    """Makes snapshots in DATA/snapshots, one at a time."""

    def __init__(
        self,
        data: Path,
        encoder: ProductEncoder,
        identity: Mapping[str, Any],
        text: Text,
        plan: DensePlan | None = None,
    ) -> None:
        """`identity` names the encoder in the manifest: name, sha256, dim, state_dim, max_tokens, bundle_version."""
        self._data, self._encoder, self._identity, self._text = data, encoder, dict(identity), text
        self._plan = plan or DensePlan()

    def run(
        self,
        products: Iterable[Product],
        deletions: Sequence[str] = (),
        log_position: int | None = None,
        progress: Progress = lambda written, of: None,
    ) -> IndexReport:
        """Fold products and deletions into a new snapshot and make it the current one.

        `log_position` is the catalogue log's offset that is contained afterwards; None keeps the one before. Raises
        Overloaded when another indexer is at work on the same data, StorageFull when the disk is full; whatever it
        raises, the snapshot from before is still there and current.
        """
        began = time.monotonic()
        root = snapshots_of(self._data)
        with _only_one(root), _scratch(root) as scratch:
            incoming = IncomingProducts(scratch)
            for product in products:
                incoming.add(product)
            incoming.finish()
            old = current_generation(self._data, verify=False)
            merged = merge(_hashes(old), incoming.last_places(), deletions)
            job = _Job(old, incoming, merged, _same(old, self._identity), self._identity["dim"])
            version, position = new_version_name(), _position(old, log_position)
            with artifacts.new_version(root, version) as folder:
                reused = self._write(folder, job, progress)
                dense = build_index(
                    np.load(folder / "dense/vectors.npy", mmap_mode="r"), folder / "dense/index.faiss", self._plan
                )
                artifacts.write_manifest(folder, self._manifest(version, len(job.merge), dense.manifest(), position))
            artifacts.set_current(root, version)
            _remove_old(root)
        replaced = len(incoming) - len(incoming.last_places()[0])
        seconds = time.monotonic() - began
        return IndexReport(version, len(job.merge), len(incoming), replaced, reused, dense.manifest(), seconds)

    def _manifest(self, version: str, count: int, dense: Mapping[str, Any], position: int) -> dict[str, Any]:
        content = {"format": FORMAT, "version": version, "created": time.time(), "product_count": count}
        return {**content, "encoder": self._identity, "dense": dict(dense), "log_position": position}

    def _write(self, folder: Path, job: _Job, progress: Progress) -> int:
        """Write every part but the FAISS index; returns how many products kept their vectors."""
        writer = SnapshotWriter(folder, self._identity["dim"], self._identity["state_dim"])
        reused = written = 0
        for window in job.windows():
            kept = self._encode(job, window)
            writer.add(window.products, window.vectors, window.states)
            reused, written = reused + kept, written + len(window.products)
            progress(written, len(job.merge))
        writer.finish()
        return reused

    def _encode(self, job: _Job, window: _Window) -> int:
        """Fill in the window's vectors and states; returns how many were taken over."""
        texts = [self._text(product) for product in window.products]
        places = [place for place, text in enumerate(texts) if not job.reuse(window, place, text, self._text)]
        if places:
            vectors, states = self._encoder.encode_products([texts[place] for place in places])
            window.vectors[places] = vectors
            for place, each in zip(places, states, strict=True):
                window.states[place] = each
        return len(texts) - len(places)


@dataclass
class _Window:
    """Some products of the new snapshot, on their way through the encoder."""

    start: int
    products: list[Product]
    vectors: Vectors
    states: list[States]


@dataclass(frozen=True)
class _Job:
    """Where everything of the new snapshot comes from."""

    old: Generation | None
    incoming: IncomingProducts
    merge: Merge
    same_encoder: bool
    dim: int

    def windows(self) -> Iterator[_Window]:
        for start in range(0, len(self.merge), WINDOW_PRODUCTS):
            products = [self._product(row) for row in range(start, min(start + WINDOW_PRODUCTS, len(self.merge)))]
            vectors = np.zeros((len(products), self.dim), np.float32)
            yield _Window(start, products, vectors, [np.zeros((0, 0), np.int8)] * len(products))

    def _product(self, row: int) -> Product:
        place = int(self.merge.new_places[row])
        return self.incoming.product(place) if place != NONE else self._old_product(int(self.merge.old_rows[row]))

    def _old_product(self, old_row: int) -> Product:
        assert self.old is not None
        return self.old.products.product(old_row)

    def reuse(self, window: _Window, place: int, text: str, text_of: Text) -> bool:
        """Take over vector and states when the encoder is the same and has seen this text of this product."""
        row = window.start + place
        old_row = int(self.merge.old_rows[row])
        if self.old is None or not self.same_encoder or old_row == NONE:
            return False
        if self.merge.new_places[row] != NONE and text_of(self._old_product(old_row)) != text:
            return False
        window.vectors[place] = self.old.vectors[old_row]
        window.states[place] = self.old.states.of(old_row)
        return True


def _hashes(old: Generation | None) -> NDArray[np.uint64]:
    return old.products.hashes_by_row() if old else np.zeros(0, np.uint64)


def _same(old: Generation | None, identity: Mapping[str, Any]) -> bool:
    """Whether vectors and states of the old snapshot are what this encoder would make.

    The bundle's name does not matter, the heads that are in it do: a new ranker needs no new vectors.
    """
    names = set(identity) - {"bundle_version"}
    return old is not None and all(old.encoder.get(name) == identity[name] for name in names)


def _position(old: Generation | None, log_position: int | None) -> int:
    return log_position if log_position is not None else old.log_position if old else 0


@contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Hold the indexers' lock; the system lets go of it when the process ends, however it ends."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Overloaded(f"another indexer is at work on {root}; wait until it has finished") from error
        yield


@contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    folder = root / ".incoming"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with artifacts.full_disk_named(root):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_old(root: Path) -> None:
    for version in artifacts.versions(root)[:-KEPT_SNAPSHOTS]:
        shutil.rmtree(root / version, ignore_errors=True)
