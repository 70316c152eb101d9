"""Makes the pages of a data folder in one process: models, snapshots, and the gateway's parts."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from aisle.v1.status_pb2 import ReplicaStatus
from services.embedding.encoders import Encoders
from services.embedding.service import EmbeddingService
from services.gateway.config import GatewayConfig
from services.gateway.recommend.recommend_service import RecommendService
from services.gateway.search.search_service import SearchService
from services.gateway.secret_file import SecretFile
from services.gateway.signatures import Signatures
from services.retrieval.config import RetrievalConfig
from services.retrieval.followed_snapshot import FollowedSnapshot
from services.retrieval.opening import retrieval_service
from services.retrieval.snapshots import Snapshots
from services.standalone.local_learning import LocalLearning
from services.standalone.local_reranking import LocalReranking
from services.training.encoder_config import serving_config
from shared.config import load
from shared.errors import NotFound, Unavailable
from shared.events.log import EventLog
from shared.features.store import FeatureStore
from shared.live.snapshot_follower import SnapshotFollower
from shared.snapshot.generation import snapshots_of
from shared.snapshot.scratch import Scratch, scratch_root


class PageEngine:
    """Serves the newest snapshot and bundle, and later writes of the log."""

    def __init__(
        self, data: Path, bundle: str, log: EventLog, store: FeatureStore, is_worker: bool = False
    ) -> None:
        """`bundle` requires one bundle; empty: the one in use.

        `is_worker`: another process keeps the features, and learns.
        """
        # Before anything is opened
        self.signatures = Signatures(SecretFile(data / "secret").current)
        self._root = snapshots_of(data)
        self.config, retrieval_config = load(GatewayConfig), load(RetrievalConfig)
        self.encoders = Encoders(serving_config(data, bundle), data)
        self.snapshots = Snapshots()
        self._scratch = Scratch(scratch_root(retrieval_config.scratch, data))
        self.learning = LocalLearning(data, looks=not is_worker)
        self.reranking = LocalReranking(data, bundle, store, self.learning, is_worker)
        # The reranker first, so that every snapshot that retrieval serves can be reranked.
        opens = (self.reranking.bundles.open, self._open_snapshot)
        self.follower = SnapshotFollower(log, self._root, opens, retrieval_config.refresh_seconds)
        memory = self.learning.memory
        self.retrieval = retrieval_service(self.snapshots, retrieval_config, data, memory)
        services = EmbeddingService(self.encoders), self.retrieval, self.reranking.service
        self.search = SearchService(*services, log, self.config, self.signatures)
        self.recommend = RecommendService(self.retrieval, self.reranking.service, self.search.parts)

    def engines(self) -> dict[str, str]:
        """The engines of the models, by role."""
        encoder = self.encoders.get().encoder
        engines = {f"encoder_{side}": name for side, name in encoder.engines.items()}
        reranker = self.reranking.newest
        if reranker and reranker.block:
            engines["reranker"] = reranker.block.scorer.engine
        return engines

    def status(self) -> ReplicaStatus:
        """What is served. Without a snapshot, the reason is in `waiting_for`."""
        reranker = self.reranking.newest
        try:
            snapshot = self.snapshots.get()
        except Unavailable as error:
            return ReplicaStatus(waiting_for=str(error))
        return ReplicaStatus(
            snapshot_version=snapshot.version,
            product_count=snapshot.shown_count,
            bundle_version=reranker.bundle_version if reranker else "",
            encoder_versions=[snapshot.encoder_version],
            engines={**self.engines(), "dense": snapshot.dense.kind},
            log_position=snapshot.log_position,
            vectors_position=snapshot.rows.position,
        )

    def following(self) -> list[Coroutine[Any, Any, None]]:
        """What follows new snapshots, bundles, encoders and memories, for ever."""
        seconds = self.reranking.refresh_seconds
        return [
            self.follower.run(),
            self.reranking.bundles.follow(seconds),
            self.encoders.follow(seconds),
            self.learning.run(seconds),
        ]

    async def take_up(self) -> None:
        """Switch to the newest memories and bundle now, not at the next look."""
        await self.learning.look()
        await self.reranking.bundles.look()

    async def open_encoders(self) -> None:
        """Open the encoders in use. Raises NotFound or Corrupt."""
        await asyncio.to_thread(self.encoders.refresh)

    def close(self) -> None:
        """Close threads and files."""
        self.encoders.close()
        self.reranking.close()
        self._scratch.close()

    def _open_snapshot(self, version: str) -> FollowedSnapshot:
        """Open a snapshot for which queries can be encoded.

        If the encoder is missing, the indexer encodes the products again.
        """
        self.encoders.refresh()
        encoder = Encoders.encoder_of(self._root / version)
        if encoder not in self.encoders.all():
            raise NotFound(
                f"the weights or the bundle of {encoder} are missing; its products are encoded again"
            )
        return FollowedSnapshot(self._root / version, self._scratch.folder, self.snapshots)
