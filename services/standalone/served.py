"""What is served now: the opened snapshot with its bundle, and how to go over to the next one."""

import logging
from pathlib import Path

from services.reranker.config import RerankerConfig
from services.reranker.opened import OpenedRerankers
from services.reranker.opening import open_reranker
from services.reranker.reranker import Reranker
from services.reranker.service import product_texts
from services.retrieval.snapshots import Snapshot, Snapshots
from shared.artifacts import read_manifest, versions
from shared.errors import Corrupt, NotFound
from shared.snapshot.generation import snapshots_of

_LOGGER = logging.getLogger(__name__)


class Served:
    """The snapshots that retrieval and the reranker have open; both change together."""

    def __init__(self, data: Path, config: RerankerConfig, bundle_version: str = "") -> None:
        """`bundle_version` "" is the bundle in use."""
        self._data, self._config, self._bundle_version = data, config, bundle_version
        self.snapshots, self.rerankers = Snapshots(), OpenedRerankers()
        self.snapshot: Snapshot | None = None
        self.reranker: Reranker | None = None
        self.log_position = 0
        self.dense_kind = ""

    def payload(self, product_id: str) -> bytes | None:
        """The serialised product of the snapshot; None when it has none of that id."""
        if self.snapshot is None or (row := self.snapshot.products.row(product_id)) is None:
            return None
        return self.snapshot.products.payload(row)

    def open_newest(self) -> None:
        """Open the newest snapshot that is whole. Raises Corrupt, naming the file, when there are some and none is."""
        failure: Corrupt | None = None
        for version in reversed(versions(snapshots_of(self._data))):
            try:
                self.open(version)
                return
            except Corrupt as error:
                failure = error
                _LOGGER.error("snapshot %s is not served: %s", version, error)
        if failure:
            raise failure

    def open(self, version: str) -> None:
        """Open a snapshot beside the one that serves, and serve it."""
        folder = snapshots_of(self._data) / version
        snapshot = Snapshot.open(folder)
        manifest = read_manifest(folder, verify=False)
        reranker = self._reranker(version)
        if reranker:
            self.rerankers.add(reranker)  # first: whoever retrieves from the snapshot can have it reranked
        self.snapshots.swap(snapshot)
        self.snapshot, self.reranker = snapshot, reranker
        self.log_position, self.dense_kind = int(manifest["log_position"]), str(manifest["dense"]["kind"])

    def _reranker(self, version: str) -> Reranker | None:
        try:
            return open_reranker(self._data, version, self._config, product_texts, self._bundle_version)
        except NotFound as error:
            _LOGGER.warning("pages are not reranked: %s", error)
            return None
