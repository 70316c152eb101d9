"""A catalogue file in, a snapshot out: reading, the encoder and the indexer joined."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cli.files.catalog_file import CatalogFile
from cli.files.options import ReadOptions
from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.hash_encoder import HashEncoder
from services.embedding.indexing.indexer import Indexer
from services.embedding.indexing.sweep import Sweep
from services.embedding.opening import open_encoder
from services.standalone.bundles import bundle_folder
from services.standalone.index_progress import IndexProgress, Silent, Watched
from services.standalone.written_since import written_since
from shared import owner_only
from shared.complaint import Complaint
from shared.config import load
from shared.errors import Overloaded
from shared.product_text import product_text_of
from shared.snapshot.generation import current_generation
from shared.watchdog import watching

_LOG = logging.getLogger(__name__)
_PATIENCE_SECONDS, _RETRY_SECONDS = 120.0, 0.5


@dataclass(frozen=True)
class ReplaceAll:
    """That a file is the whole catalogue; `large`: even if more than half of the products go."""

    large: bool = False


def encoder_config(data: Path, bundle: str = "") -> EmbeddingConfig:
    """Settings from the environment, with the bundle in use and the data folder's memory of the engines' trial."""
    config, folder = load(EmbeddingConfig), bundle_folder(data, bundle)
    cache = config.cache or str(data / "engines")
    return replace(config, bundle=config.bundle or str(folder or ""), cache=cache)


def serving_config(data: Path, bundle: str = "") -> EmbeddingConfig:
    """The same for an engine that serves: it follows the bundle in use, unless one is named.

    Indexing beside serving uses one core, so that pages keep the other.
    """
    config, chosen = load(EmbeddingConfig), bundle_folder(data, bundle) if bundle else None
    cache = config.cache or str(data / "engines")
    return replace(config, bundle=config.bundle or str(chosen or ""), cache=cache, product_threads=1)


def index_catalog(  # noqa: PLR0913  (the options of the command)
    catalog: Path,
    data: Path,
    bundle: str = "",
    progress: IndexProgress | None = None,
    options: ReadOptions | None = None,
    replace_all: ReplaceAll | None = None,
) -> dict[str, Any]:
    """Upsert a file's products into DATA's next snapshot; the report, as `aisle index --json` prints it.

    With `replace_all`, products that are not in the file go; those whose rows were rejected stay as they are.

    Waits for a running engine that makes a snapshot itself. Raises Overloaded when that takes too long.
    """
    watcher = Watched(progress or Silent())
    owner_only.data_folder(data)
    encoder, ends = open_encoder(encoder_config(data, bundle)), time.monotonic() + _PATIENCE_SECONDS
    complaint = Complaint(_LOG, f"not indexed yet, trying for up to {_PATIENCE_SECONDS:.0f} seconds: %s")
    while True:
        try:
            file = CatalogFile(catalog, options or ReadOptions())
            return _index(file, data, encoder, watcher, replace_all)
        except Overloaded as error:
            complaint.tell(error)
            if time.monotonic() > ends:
                raise
            time.sleep(_RETRY_SECONDS)


def _index(
    file: CatalogFile,
    data: Path,
    encoder: TextEncoder | HashEncoder,
    watcher: IndexProgress,
    replace_all: ReplaceAll | None,
) -> dict[str, Any]:
    indexer = Indexer(data, encoder, asdict(encoder.identity), product_text_of)
    sweep = _sweep(file, replace_all.large) if replace_all else None
    with watching(f"indexing {file.path}"), _warming(encoder, data):
        tail = written_since(data)
        report = indexer.run(file.products(watcher), tail, watcher.encoded, sweep)
    return {
        **file.report(),
        "accepted": report.incoming_count,
        "replaced": report.replaced_count,
        "removed": report.swept_count,
        "reused": report.reused_count,
        "products": report.product_count,
        "snapshot_version": report.version,
        "log_position": tail.end.catalog if tail else 0,
        "dense": dict(report.dense),
        "engines": encoder.engines,
        "seconds": round(report.seconds, 2),
    }


def _sweep(file: CatalogFile, large: bool) -> Sweep:
    return Sweep(lambda: file.account.rejected_ids, large, lambda: file.account.unreadable)


@contextmanager
def _warming(encoder: TextEncoder | HashEncoder, data: Path) -> Iterator[None]:
    """The first time, choose and build the engine for products while the file is read; later it may not be needed."""
    if current_generation(data, verify=False) is not None:
        yield
        return
    with ThreadPoolExecutor(1, thread_name_prefix="warming") as thread:
        thread.submit(encoder.encode_products, [""])  # if it fails, the indexer meets the same error
        yield
