"""Products and the previous snapshot in, the next snapshot out.

Every snapshot is whole: the old products that are still there, then the new ones. A product whose text the encoder has
seen keeps its vector and states. Memory holds a window of products, and some bytes for each of the others.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.embedding.dense_index import DensePlan, build_index
from services.embedding.incoming import IncomingProducts
from services.embedding.merge import merge
from services.embedding.snapshot_writer import SnapshotWriter
from services.embedding.window import Source, Text, Window
from shared import artifacts
from shared.catalog.product import Product
from shared.errors import Overloaded
from shared.snapshot.generation import FORMAT, Generation, current_generation, new_version_name, snapshots_of

Vectors = NDArray[np.float32]  # (n, dim), unit norm
States = NDArray[np.int8]  # (tokens, state_dim)
Progress = Callable[[int, int], None]  # products encoded so far, and in all

SLICE_TEXTS = 512  # encoded between two reports of progress


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
            _remove_remains(root)
            incoming = IncomingProducts(scratch)
            for product in products:
                incoming.add(product)
            incoming.finish()
            old = current_generation(self._data)  # verified: a flipped byte must not get a new checksum
            merged = merge(_hashes(old), incoming.last_places(), deletions)
            source = Source(old, _same(old, self._identity), incoming, merged, self._text, self._identity["dim"])
            version, position = new_version_name(), _position(old, log_position)
            with artifacts.new_version(root, version) as folder:
                reused = self._write(folder, source, progress)
                dense = build_index(
                    np.load(folder / "dense/vectors.npy", mmap_mode="r"), folder / "dense/index.faiss", self._plan
                )
                artifacts.write_manifest(folder, self._manifest(version, len(merged), dense.manifest(), position))
            artifacts.set_current(root, version)
            _remove_old(root, version, old)
        replaced = len(incoming) - len(incoming.last_places()[0])
        seconds = time.monotonic() - began
        return IndexReport(version, len(merged), len(incoming), replaced, reused, dense.manifest(), seconds)

    def fits(self, old: Generation) -> bool:
        """Whether a snapshot's vectors and states are what this encoder would make."""
        return _same(old, self._identity)

    def _manifest(self, version: str, count: int, dense: Mapping[str, Any], position: int) -> dict[str, Any]:
        content = {"format": FORMAT, "version": version, "created": time.time(), "product_count": count}
        return {**content, "encoder": self._identity, "dense": dict(dense), "log_position": position}

    def _write(self, folder: Path, source: Source, progress: Progress) -> int:
        """Write every part but the FAISS index; returns how many products kept their vectors.

        The encoder works through one window while the other parts of it and of the next are made.
        """
        writer, tally = (
            SnapshotWriter(folder, source.dim, self._identity["state_dim"]),
            _Tally(len(source.merge), progress),
        )
        with _encoder_thread() as thread:
            started: deque[_Started] = deque()
            for window in source.windows():
                started.append(self._start(thread, window))
                writer.add_products(window.products, window.payloads)
                if len(started) > 1:
                    _finish(started.popleft(), writer, tally)
            writer.finish_products()
            while started:
                _finish(started.popleft(), writer, tally)
        writer.finish_encodings()
        return tally.reused

    def _start(self, thread: ThreadPoolExecutor, window: Window) -> _Started:
        """Queue the texts to encode, like lengths together."""
        places = sorted(window.unknown, key=lambda place: len(window.texts[place]))
        slices = [places[start : start + SLICE_TEXTS] for start in range(0, len(places), SLICE_TEXTS)]
        encode = self._encoder.encode_products
        return _Started(window, [(each, thread.submit(encode, [window.texts[p] for p in each])) for each in slices])


@dataclass
class _Started:
    """A window on its way through the encoder: places, and their vectors and states to come."""

    window: Window
    slices: list[tuple[list[int], Future[tuple[Vectors, list[States]]]]]


@dataclass
class _Tally:
    """How far the run has come."""

    total: int
    progress: Progress
    done: int = 0
    reused: int = 0

    def add(self, count: int) -> None:
        self.done += count
        self.progress(self.done, self.total)


def _finish(started: _Started, writer: SnapshotWriter, tally: _Tally) -> None:
    """Wait for the window's encodings and write them."""
    window = started.window
    kept = len(window.texts) - len(window.unknown)
    tally.reused += kept
    tally.add(kept)
    for places, future in started.slices:
        vectors, states = future.result()
        window.vectors[places] = vectors
        for place, each in zip(places, states, strict=True):
            window.states[place] = each
        tally.add(len(places))
    writer.add_encodings(window.vectors, window.states)


@contextmanager
def _encoder_thread() -> Iterator[ThreadPoolExecutor]:
    thread = ThreadPoolExecutor(1, "encoder")
    try:
        yield thread
    finally:  # all has been waited for, or has failed: then what runs or is queued is not worth waiting for
        thread.shutdown(wait=False, cancel_futures=True)


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


def _remove_old(root: Path, version: str, old: Generation | None) -> None:
    """Keep the new snapshot and the one before, which may still be serving."""
    for name in set(artifacts.versions(root)) - {version, old.version if old else version}:
        shutil.rmtree(root / name, ignore_errors=True)


def _remove_remains(root: Path) -> None:
    """Remove what indexers that were killed have left."""
    for folder in root.glob(".tmp-*"):
        shutil.rmtree(folder, ignore_errors=True)
