"""What is served now: the opened snapshot with its bundle, and how to go over to the next one."""

import logging
from collections.abc import Callable
from pathlib import Path

from services.reranker.config import RerankerConfig
from services.reranker.opened import OpenedRerankers
from services.reranker.opening import open_reranker
from services.reranker.reranker import Reranker
from services.reranker.service import product_texts
from services.retrieval.snapshots import Snapshot, Snapshots
from shared.artifacts import current, versions
from shared.errors import AisleError, Corrupt, NotFound, SnapshotGone
from shared.snapshot.generation import Generation, open_generation, read_manifest, snapshots_of

Fits = Callable[[Generation], bool]

_LOGGER = logging.getLogger(__name__)


class Served:
    """The snapshots that retrieval and the reranker have open; both change together."""

    def __init__(self, data: Path, config: RerankerConfig, fits: Fits, bundle_version: str = "") -> None:
        """`fits` tells whether the encoder made a snapshot's vectors; `bundle_version` "" is the bundle in use."""
        self._data, self._config, self._fits, self._bundle_version = data, config, fits, bundle_version
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
        """Open the newest snapshot that is whole and fits the encoder, if there are any at all.

        Raises what is wrong with the oldest, naming the file, when none is; NotFound when the one in use is missing.
        """
        root = snapshots_of(self._data)
        failure: AisleError | None = None
        for version in reversed(versions(root)):
            try:
                self.open(version)
                return
            except (AisleError, OSError, ValueError, LookupError, RuntimeError) as error:  # whatever a library says
                failure = (
                    error if isinstance(error, AisleError) else Corrupt(f"{root / version}: {error!r}; rebuild it")
                )
                _LOGGER.error("snapshot %s is not served: %s", version, failure)
        if failure:
            raise failure
        if missing := current(root):
            read_manifest(root / missing)

    def open(self, version: str) -> None:
        """Open a snapshot beside the one that serves, and serve it.

        Raises Corrupt naming the file, SnapshotGone when its vectors are not what the encoder would make.
        """
        folder = snapshots_of(self._data) / version
        generation = open_generation(folder, verify=False)
        if not self._fits(generation):
            raise SnapshotGone("another encoder or other heads made it; start the engine again to serve it")
        snapshot = Snapshot.open(folder)
        reranker = self._reranker(version)
        if reranker:
            self.rerankers.add(reranker)  # first: whoever retrieves from the snapshot can have it reranked
        self.snapshots.swap(snapshot)
        self.snapshot, self.reranker = snapshot, reranker
        self.log_position, self.dense_kind = generation.log_position, str(generation.manifest["dense"]["kind"])

    def _reranker(self, version: str) -> Reranker | None:
        try:
            return open_reranker(self._data, version, self._config, product_texts, self._bundle_version)
        except NotFound as error:
            _LOGGER.warning("pages are not reranked: %s", error)
            return None
