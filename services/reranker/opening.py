"""From folders on the disk to a reranker that serves: a snapshot, and the bundle that fits it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from services.reranker.block import BlockModel, BlockScorer
from services.reranker.config import RerankerConfig
from services.reranker.cross_encoder import CrossEncoderModel, CrossEncoderScorer, ProductTexts
from services.reranker.pace import Pace
from services.reranker.ranker import Ranker
from services.reranker.reranker import Reranker
from services.reranker.scorer import PacedScorer, Scorer
from services.reranker.snapshot import RerankerSnapshot
from services.reranker.states import TokenStates
from shared import bundle
from shared.artifacts import current, read_manifest
from shared.bundle import Bundle
from shared.errors import NotFound
from shared.snapshot.columns import Columns
from shared.snapshot.products import ProductStore

DEFAULT_BUNDLE = Path(__file__).parent / "default_bundle"
CROSS_ENCODER = "cross_encoder.onnx"

_GUESS_MS = 0.2  # a candidate, before the first has been timed

Texts = Callable[[ProductStore], ProductTexts]


def newest(data: Path) -> tuple[str | None, str | None]:
    """Names of the snapshot and the bundle in use; a change of either calls for another reranker."""
    return current(data / "snapshots"), current(data / "bundles")


def open_reranker(data: Path, snapshot_version: str, config: RerankerConfig, texts: Texts) -> Reranker:
    """The reranker of a snapshot. Raises NotFound or Corrupt naming the file; `texts` is for a cross-encoder only.

    Keeps this process's numpy to one thread: MaxSim is too small to share, and a second BLAS thread that waits for
    a busy core made it twenty times slower under load.
    """
    threadpool_limits(1, user_api="blas")
    folder = data / "snapshots" / snapshot_version
    manifest = read_manifest(folder, verify=False)  # retrieval, which opens the same files, checks their bytes
    chosen = fitting_bundle(data, str(manifest["encoder"].get("bundle_version", "")))
    products = ProductStore.open(folder / "products")
    snapshot = RerankerSnapshot(
        snapshot_version,
        TokenStates.open(folder / "states"),
        np.asarray(np.load(folder / "dense" / "vectors.npy", mmap_mode="r")),
        Columns.open(folder / "columns"),
        products,
    )
    scorer = _scorer(chosen, snapshot.states, lambda: texts(products), config)
    paced = PacedScorer(scorer, config.block_batch, config.block_limit, Pace(_GUESS_MS)) if scorer else None
    return Reranker(snapshot, Ranker.open(chosen.folder), paced, chosen.version, config.affinity_weight)


def fitting_bundle(data: Path, made_by: str) -> Bundle:
    """The newest bundle whose heads made the snapshot's token states.

    A new ranker or block serves at once; new heads wait for the snapshot that is made with them.
    """
    bundles = [*reversed(bundle.versions(data / "bundles"))]
    in_use = current(data / "bundles")
    allowed = [data / "bundles" / name for name in bundles if in_use and name <= in_use]
    opened = [bundle.read(folder, verify=False) for folder in [*allowed, DEFAULT_BUNDLE] if folder.is_dir()]
    heads = next((each.files.get(bundle.HEADS) for each in opened if each.version == made_by), None)
    for each in opened:
        if heads is not None and each.files.get(bundle.HEADS) == heads:
            return bundle.read(each.folder)
    raise NotFound(
        f"no bundle under {data / 'bundles'} has the heads of {made_by!r}, which made the snapshot; index again"
    )


def _scorer(
    chosen: Bundle, states: TokenStates, texts: Callable[[], ProductTexts], config: RerankerConfig
) -> Scorer | None:
    """The interaction model that is configured, if the bundle has it."""
    if config.scorer == "block" and (path := chosen.path(bundle.BLOCK)):
        return BlockScorer(BlockModel.open(path, config.precision, config.threads), states)
    if config.scorer == "cross-encoder" and chosen.path(CROSS_ENCODER):
        return CrossEncoderScorer(CrossEncoderModel.open(chosen.folder, config.precision, config.threads), texts())
    return None
