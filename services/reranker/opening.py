"""Opens a reranker: a snapshot, and the bundle that fits it."""

import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from services.reranker.batched_scorer import BatchedScorer
from services.reranker.block import BlockModel, BlockScorer
from services.reranker.config import RerankerConfig
from services.reranker.cost_estimate import CostEstimate
from services.reranker.cross_encoded import CrossEncodedTop
from services.reranker.cross_encoder import CrossEncoderModel, CrossEncoderScorer, ProductTexts
from services.reranker.exploration import Exploration
from services.reranker.features import FEATURES
from services.reranker.idle_core import IdleCore
from services.reranker.known_scores import KnownScores
from services.reranker.ranker import Ranker
from services.reranker.read_ahead import AheadReader
from services.reranker.recommending.ranker import RecommendRanker
from services.reranker.reranker import Reranker
from services.reranker.scorer import Scorer, TimedScorer
from services.reranker.side_by_side import ALONE, SideBySide
from services.reranker.snapshot import Payloads, RerankerSnapshot
from services.reranker.states import TokenStates
from shared.arrays import load
from shared.errors import Corrupt
from shared.first_use import used_once
from shared.models import bundle
from shared.models.bundle import Bundle
from shared.models.registry import Registry
from shared.snapshot.columns import Columns
from shared.snapshot.generation import Positions, read_manifest
from shared.snapshot.products import ProductStore

_LOG = logging.getLogger(__name__)

_NO_FEATURES = np.zeros((1, len(FEATURES)), np.float32)  # of one candidate
_CROSS_ENCODER_BATCH = 4  # candidates between two checks of the clock
_CROSS_ENCODER_GUESS_MS = 10.0  # a candidate, before the first measurement
_CROSS_ENCODER_TOKENS = 96
_GUESS_MS = 0.2  # a candidate, before the first measurement

Texts = Callable[[Payloads], ProductTexts]


def open_snapshot(data: Path, version: str) -> RerankerSnapshot:
    """The reranker's part of a snapshot. Raises NotFound or Corrupt naming the file."""
    folder = data / "snapshots" / version
    # Not verified: retrieval opens the same files, and verifies their bytes
    manifest = read_manifest(folder, verify=False, whole=True)
    return RerankerSnapshot(
        version,
        TokenStates.open(folder / "states"),
        np.asarray(load(folder / "dense" / "vectors.npy", mmap_mode="r")),
        Columns.open(folder / "columns"),
        ProductStore.open(folder / "products"),
        Positions.of(manifest),
        manifest["encoder"],
    )


def open_reranker(  # noqa: PLR0913  (the parts of a reranker)
    data: Path,
    snapshot_version: str,
    config: RerankerConfig,
    texts: Texts,
    bundle_version: str = "",
    snapshot: RerankerSnapshot | None = None,
) -> Reranker:
    """The reranker of a snapshot.

    Raises NotFound or Corrupt naming the file. `texts` is for a cross-encoder only.
    `bundle_version` requires one bundle. Without it the bundle in use serves, or its predecessor if
    that bundle is broken or does not fit the snapshot. `snapshot` is the snapshot if already open.

    It limits numpy in this process to one thread. MaxSim is too small to share: a second BLAS
    thread waiting for a busy core made it twenty times slower under load.
    """
    threadpool_limits(1, user_api="blas")
    # A snapshot of an empty shop is falsy
    opened = open_snapshot(data, snapshot_version) if snapshot is None else snapshot
    failures: list[Corrupt] = []
    for chosen in Registry.of(data).fitting(opened.heads_sha256, bundle_version):
        try:
            return _reranker(opened, bundle.read(chosen.folder), lambda: texts(opened), config)
        except Corrupt as error:
            _LOG.error("bundle %s is not used: %s", chosen.version, error)
            failures.append(error)
    raise failures[0]


def _reranker(
    snapshot: RerankerSnapshot,
    chosen: Bundle,
    texts: Callable[[], ProductTexts],
    config: RerankerConfig,
) -> Reranker:
    scorer = _scorer(chosen, snapshot.states, texts, config)
    paced = _paced(scorer, config) if scorer else None
    ranker = used_once(lambda: Ranker.open(chosen.folder), lambda ranker: ranker.score(_NO_FEATURES))
    recommend = RecommendRanker.open(chosen.folder)
    top = _cross_encoded_top(texts, config) if config.cross_encoder else None
    exploration = Exploration(config.exploration)
    return Reranker(
        snapshot, ranker, paced, chosen.version, recommend, config.affinity_weight, top, exploration
    )


def _cross_encoded_top(texts: Callable[[], ProductTexts], config: RerankerConfig) -> CrossEncodedTop:
    model = _cross_encoder(Path(config.cross_encoder), config.precision, config.threads)
    scorer = TimedScorer(
        CrossEncoderScorer(model, texts()),
        _CROSS_ENCODER_BATCH,
        config.cross_encoder_limit,
        CostEstimate(_CROSS_ENCODER_GUESS_MS),
    )
    ahead = None
    if config.read_ahead:
        alone = _cross_encoder(Path(config.cross_encoder), config.precision, 1)
        ahead = AheadReader(CrossEncoderScorer(alone, texts()), KnownScores(config.read_ahead))
    return CrossEncodedTop(scorer, config.cross_encoder_weight, config.cross_encoder_limit, ahead)


@lru_cache(2)  # the second one, on one thread, reads ahead
def _cross_encoder(folder: Path, precision: str, threads: int) -> CrossEncoderModel:
    """The cross-encoder, opened once for all snapshots."""
    return CrossEncoderModel.open(folder, precision, threads, _CROSS_ENCODER_TOKENS)


def _paced(scorer: Scorer, config: RerankerConfig) -> TimedScorer:
    """A scorer that meets deadlines.

    Only the block shares batches; a cross-encoder's engine has threads.
    """
    together = _together(config.threads) if config.scorer == "block" else ALONE
    batched = BatchedScorer(scorer, together, config.block_batch)
    return TimedScorer(
        batched, config.block_batch * batched.threads, config.block_limit, CostEstimate(_GUESS_MS)
    )


def _scorer(
    chosen: Bundle, states: TokenStates, texts: Callable[[], ProductTexts], config: RerankerConfig
) -> Scorer | None:
    """The configured interaction model, if the bundle has it."""
    if config.scorer == "block" and (path := chosen.path(bundle.BLOCK)):
        return BlockScorer(_block(path, chosen.files[bundle.BLOCK], config.precision), states)
    if config.scorer == "cross-encoder" and chosen.path(bundle.CROSS_ENCODER):
        return CrossEncoderScorer(
            CrossEncoderModel.open(chosen.folder, config.precision, config.threads), texts()
        )
    return None


@lru_cache(2)  # the serving one, and the next
def _block(path: Path, sha256: str, precision: str) -> BlockModel:
    """The block of a bundle, opened once for all snapshots.

    Quantising and measuring it takes a second.
    """
    return BlockModel.open(path, precision)


@lru_cache(1)
def _together(threads: int) -> SideBySide:
    """The threads that all blocks share."""
    return SideBySide(threads, IdleCore())
