"""Makes the next snapshot from products and the previous snapshot.

Every snapshot is complete: the remaining old products come first, then the new ones. A product
whose text is already encoded keeps its vector and states. Memory holds a window of products, and
some bytes for each of the others.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.embedding.indexing import encoder_files
from services.embedding.indexing.dense_index import DensePlan
from services.embedding.indexing.dictionaries import chosen
from services.embedding.indexing.incoming import Hashes, IncomingProducts
from services.embedding.indexing.kept_index import INDEX, next_index
from services.embedding.indexing.measures import measures
from services.embedding.indexing.merge import merge
from services.embedding.indexing.ports import ProductEncoder, States, Vectors
from services.embedding.indexing.product_window import ProductWindow, Source, Text
from services.embedding.indexing.snapshot_folder import only_one, remove_old, scratch
from services.embedding.indexing.snapshot_writer import SnapshotWriter
from services.embedding.indexing.sweep import Sweep, gone_products
from services.embedding.indexing.tail import Tail
from services.embedding.indexing.taken_tail import check_start, take_tail, unapplied
from shared import artifacts
from shared.arrays import load
from shared.catalog.product import Product
from shared.snapshot.generation import (
    FORMAT,
    Generation,
    Positions,
    current_generation,
    encoder_version,
    new_version_name,
    snapshots_of,
)
from shared.text.dictionaries import Dictionaries

Progress = Callable[[int, int], None]  # products encoded so far, and in total

SLICE_TEXTS = 512  # products encoded between two reports of progress


@dataclass(frozen=True)
class IndexReport:
    """The outcome of an indexing run."""

    version: str
    product_count: int
    incoming_count: int  # products read; a repeated id counts each time
    replaced_count: int  # products after another one of the same id in the run
    swept_count: int  # removed because the source lacks them
    reused_count: int  # products that kept their vectors
    dense: Mapping[str, Any]  # kind, recall and parameters of the FAISS index
    seconds: float


class Indexer:
    """Makes snapshots in DATA/snapshots, one at a time."""

    def __init__(  # noqa: PLR0913 - what to make, by which parts
        self,
        data: Path,
        encoder: ProductEncoder,
        identity: Mapping[str, Any],
        text: Text,
        plan: DensePlan | None = None,
        dictionaries: Dictionaries | None = None,
    ) -> None:
        """`identity` describes the encoder in the manifest. No `dictionaries`: those of the snapshot."""
        self._data, self._encoder, self._identity, self._text = data, encoder, dict(identity), text
        self._plan = plan or DensePlan()
        self._dictionaries = dictionaries

    def run(
        self,
        products: Iterable[Product] | None = None,
        tail: Tail | None = None,
        progress: Progress = lambda written, of: None,
        sweep: Sweep | None = None,
    ) -> IndexReport:
        """Make a snapshot of the current one, the tail, and products, and make it current.

        With `sweep`, products that the source lacks are removed. Raises InvalidRequest if these are
        too many. Raises Overloaded if another indexer works on the same data, or has made a
        snapshot since `tail` was read. Raises StorageFull if the disk is full. After any error, the
        previous snapshot is still current.
        """
        began = time.monotonic()
        root = snapshots_of(self._data)
        with only_one(root), scratch(root) as folder:
            artifacts.remove_remains(root)
            # Verified: a flipped byte must not get a new checksum
            old = current_generation(self._data)
            check_start(tail, old)
            incoming, deletions = IncomingProducts(folder), set[str]()
            written = take_tail(incoming, tail, deletions)
            for product in products or ():
                incoming.add(product)
                deletions.discard(product.product_id)
            incoming.finish()
            gone = gone_products(deletions, sweep, _hashes(old), incoming, written)
            source = self._source(old, tail, incoming, gone.hashes)
            version = new_version_name()
            with artifacts.new_version(root, version) as made:
                cut_by = chosen(self._dictionaries, root, old)
                reused = self._write(made, source, cut_by, progress)
                vectors = load(made / "dense/vectors.npy", mmap_mode="r")
                dense = next_index(old, root, vectors, made / INDEX, self._plan)
                positions = tail.end if tail else old.positions if old else Positions()
                content = self._manifest(version, len(source.merge), dense.manifest(), positions)
                lineage = version if products is not None and (old or tail) else old.lineage if old else ""
                content |= {"lineage": lineage, "unapplied": unapplied(tail, old)}
                content["dictionaries"] = cut_by.versions()
                alike = root / old.version if old is not None and self.fits(old) else None
                encoder_files.write(self._encoder, made, alike)
                content |= measures(self._encoder, made, vectors, old, reused)
                artifacts.write_manifest(made, content)
            artifacts.set_current(root, version)
            remove_old(root, version, old)
        taken, replaced = len(incoming) - written, incoming.repeated_count(written)
        seconds = time.monotonic() - began
        return IndexReport(
            version, len(source.merge), taken, replaced, gone.swept_count, reused, dense.manifest(), seconds
        )

    def _source(
        self, old: Generation | None, tail: Tail | None, incoming: IncomingProducts, gone: Hashes
    ) -> Source:
        merged = merge(_hashes(old), incoming.last_places(), gone)
        same, version = old is not None and self.fits(old), encoder_version(self._identity)
        # Otherwise another text has the same name
        trusted = same or old is None or old.encoder_version != version
        dims = self._identity["dim"], self._identity["state_dim"]
        return Source(old, same, tail, trusted, incoming, merged, self._text, *dims, version)

    def fits(self, old: Generation) -> bool:
        """Whether this encoder would make the same vectors and states as a snapshot has."""
        return fits(self._identity, old)

    def _manifest(
        self, version: str, count: int, dense: Mapping[str, Any], positions: Positions
    ) -> dict[str, Any]:
        content = {"format": FORMAT, "version": version, "created": time.time(), "product_count": count}
        logs = {"log_position": positions.catalog, "vectors_position": positions.vectors}
        return {**content, "encoder": self._identity, "dense": dict(dense), **logs}

    def _write(self, folder: Path, source: Source, dictionaries: Dictionaries, progress: Progress) -> int:
        """Write every part except the FAISS index. Returns the number of products that kept their
        vectors.

        The encoder works on one window while the other parts of this one and the next are made.
        """
        writer = SnapshotWriter(folder, source.dim, self._identity["state_dim"], dictionaries)
        tally = _Tally(len(source.merge), progress)
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

    def _start(self, thread: ThreadPoolExecutor, window: ProductWindow) -> _Started:
        """Queue the texts to encode, similar lengths together."""
        places = sorted(window.unknown, key=lambda place: len(window.texts[place]))
        slices = [places[start : start + SLICE_TEXTS] for start in range(0, len(places), SLICE_TEXTS)]
        encode = self._encoder.encode_products
        return _Started(
            window, [(each, thread.submit(encode, [window.texts[p] for p in each])) for each in slices]
        )


@dataclass
class _Started:
    """A window in the encoder: positions, and futures of their vectors and states."""

    window: ProductWindow
    slices: list[tuple[list[int], Future[tuple[Vectors, list[States]]]]]


@dataclass
class _Tally:
    """The progress of the run."""

    total: int
    progress: Progress
    written: int = 0
    reused: int = 0

    def add(self, count: int) -> None:
        self.written += count
        self.progress(self.written, self.total)


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
    finally:  # all results are in, or one has failed, and then the others are not needed
        thread.shutdown(wait=False, cancel_futures=True)


def _hashes(old: Generation | None) -> NDArray[np.uint64]:
    return old.products.hashes_by_row() if old else np.zeros(0, np.uint64)


def fits(identity: Mapping[str, Any], old: Generation) -> bool:
    """Whether an encoder would make the same vectors and states as a snapshot has.

    The bundle's heads matter, not its name: a new ranker needs no new vectors.
    """
    names = set(identity) - {"bundle_version"}
    return all(old.encoder.get(name) == identity[name] for name in names)
