"""The reranker of one process, with what it reads."""

from __future__ import annotations

from pathlib import Path

from services.reranker.bundle_follower import BundleFollower
from services.reranker.config import RerankerConfig
from services.reranker.feature_reader import FeatureReader
from services.reranker.opened import OpenedRerankers
from services.reranker.reranker import Reranker
from services.reranker.service import RerankerService, product_texts
from services.reranker.work_queue import WorkQueue
from services.standalone.local_learning import LocalLearning
from shared.config import load
from shared.features.store import FeatureStore

_REMOTE_TIMES = 4  # of the wait for features, since two processes must be scheduled on busy cores


class LocalReranking:
    """Of a data folder. Opens the bundle in use for each snapshot, and follows it."""

    def __init__(
        self, data: Path, bundle: str, store: FeatureStore, learning: LocalLearning, is_remote: bool = False
    ) -> None:
        """`bundle` requires one bundle; empty: the one in use.

        `is_remote`: the store is in another process.
        """
        config = load(RerankerConfig)
        self.refresh_seconds = config.refresh_seconds
        self._opened = OpenedRerankers()
        self.bundles = BundleFollower(data, config, product_texts, self._opened, bundle)
        work_queue = WorkQueue(config.workers, config.max_waiting)
        self.reader = FeatureReader(store, config.features_ms * (_REMOTE_TIMES if is_remote else 1))
        memories = learning.memory if config.near_queries else None, learning.products
        known = self.reader, *memories
        self.service = RerankerService(self._opened, work_queue, *known, config.diversity, config.fatigue)

    @property
    def newest(self) -> Reranker | None:
        """The reranker in use; None before the first snapshot."""
        return self.bundles.reranker

    def close(self) -> None:
        """Finish running calls."""
        self.service.close()
