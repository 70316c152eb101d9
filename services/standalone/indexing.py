"""Turns a catalogue into a snapshot, with the writes since the last one."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.embedding.encoder import TextEncoder
from services.embedding.hash_encoder import HashEncoder
from services.embedding.indexing.config import IndexingConfig
from services.embedding.indexing.indexer import Indexer
from services.embedding.indexing.progress import IndexProgress, Silent, Watched
from services.embedding.indexing.source import CatalogSource
from services.embedding.indexing.sweep import Sweep
from services.embedding.opening import open_encoder
from services.standalone.written_since import written_since
from services.training.encoder_config import encoder_config
from services.training.principal_heads import with_fitting_bundle
from shared import owner_only
from shared.catalog.product import Product
from shared.config import load
from shared.errors import Overloaded
from shared.log_once import LogOnce
from shared.product_text import product_text_of
from shared.snapshot.families import FamilyCodes
from shared.snapshot.generation import SNAPSHOTS, current_generation
from shared.snapshot.products import ProductStore
from shared.watchdog import watching

_LOG = logging.getLogger(__name__)
_LONGEST_WAIT_SECONDS = 120.0
_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class ReplaceAll:
    """Says that a source is the whole catalogue.

    `large` permits removing more than half of the products.
    """

    large: bool = False


def index_catalog(
    opened: Callable[[], CatalogSource],
    data: Path,
    bundle: str = "",
    progress: IndexProgress | None = None,
    replace_all: ReplaceAll | None = None,
) -> dict[str, Any]:
    """Upsert a catalogue's products into DATA's next snapshot.

    Returns the report that `aisle index --json` prints. `opened` opens the catalogue, once for each
    try. With `replace_all`, products that it lacks are removed; those of rejected rows stay as they
    are. Waits while a running engine makes a snapshot itself. Raises Overloaded if that takes too
    long.
    """
    watcher = Watched(progress or Silent())
    owner_only.data_folder(data)
    encoder, new_bundle = _encoder(opened, data, bundle)
    ends = time.monotonic() + _LONGEST_WAIT_SECONDS
    seconds = f"{_LONGEST_WAIT_SECONDS:.0f} seconds"
    failures = LogOnce(_LOG, f"not indexed yet, trying for up to {seconds}: %s")
    while True:
        try:
            report = _index(opened(), data, encoder, watcher, replace_all)
            return {**report, "new_bundle": new_bundle}
        except Overloaded as error:
            failures.log(error)
            if time.monotonic() > ends:
                raise
            time.sleep(_RETRY_SECONDS)


def _encoder(
    opened: Callable[[], CatalogSource], data: Path, bundle: str
) -> tuple[TextEncoder | HashEncoder, str]:
    """The encoder, and the name of the bundle that had to take the place of the one in use."""
    config = encoder_config(data, bundle)
    fitting = with_fitting_bundle(data, config, map(product_text_of, _products(opened)))
    changed = fitting.bundle != config.bundle
    return open_encoder(fitting), Path(fitting.bundle).name if changed else ""


def _products(opened: Callable[[], CatalogSource]) -> Iterator[Product]:
    """The products of a catalogue, which is opened when the first is asked for."""
    yield from opened().products()


def _index(
    source: CatalogSource,
    data: Path,
    encoder: TextEncoder | HashEncoder,
    watcher: IndexProgress,
    replace_all: ReplaceAll | None,
) -> dict[str, Any]:
    dictionaries = load(IndexingConfig).cut_by()
    identity = asdict(encoder.identity)
    indexer = Indexer(data, encoder, identity, product_text_of, dictionaries=dictionaries)
    sweep = _sweep(source, replace_all.large) if replace_all else None
    with watching(f"indexing {source.path}"), _warming(encoder, data):
        tail = written_since(data)
        report = indexer.run(source.products(watcher), tail, watcher.encoded, sweep)
    return {
        **source.report(),
        "accepted": report.incoming_count,
        "replaced": report.replaced_count,
        "removed": report.swept_count,
        "reused": report.reused_count,
        "products": report.product_count,
        "without_primary": _without_primary(data / SNAPSHOTS / report.version),
        "snapshot_version": report.version,
        "log_position": tail.end.catalog if tail else 0,
        "dense": dict(report.dense),
        "engines": encoder.engines,
        "seconds": round(report.seconds, 2),
    }


def _without_primary(snapshot: Path) -> int:
    """How many variants of a new snapshot have no primary product in it."""
    folder = snapshot / "products"
    return FamilyCodes.read(folder, ProductStore.open(folder)).without_primary


def _sweep(source: CatalogSource, large: bool) -> Sweep:
    return Sweep(lambda: source.rejected_ids, large, lambda: source.unreadable)


@contextmanager
def _warming(encoder: TextEncoder | HashEncoder, data: Path) -> Iterator[None]:
    """On the first try, choose and build the engine for products while the source is read.

    On later tries it may not be needed.
    """
    if current_generation(data, verify=False) is not None:
        yield
        return
    with ThreadPoolExecutor(1, thread_name_prefix="warming") as thread:
        # If it fails, the indexer raises the same error
        thread.submit(encoder.encode_products, [""])
        yield
