"""The rerankers in use, one for each snapshot that requests may ask for."""

from services.reranker.reranker import Reranker
from shared.errors import SnapshotGone, Unavailable

_KEPT = 2  # the newest, and the previous one for running requests


class OpenedRerankers:
    """A set that is replaced as a whole. A request sees either the old set or the new one."""

    def __init__(self, *rerankers: Reranker) -> None:
        """The newest last."""
        self._by_snapshot = {reranker.snapshot.version: reranker for reranker in rerankers[-_KEPT:]}

    def add(self, reranker: Reranker) -> None:
        """Use `reranker` from now on. It replaces the one of its own snapshot, and the oldest."""
        version = reranker.snapshot.version
        others = [other for key, other in self._by_snapshot.items() if key != version]
        self._by_snapshot = {r.snapshot.version: r for r in [*others, reranker][-_KEPT:]}

    @property
    def newest(self) -> Reranker:
        """The newest reranker. Raises Unavailable while there is none."""
        if not self._by_snapshot:
            raise Unavailable("no bundle that fits the snapshot is open; index the catalogue again")
        return list(self._by_snapshot.values())[-1]

    def of(self, snapshot_version: str) -> Reranker:
        """The reranker of that snapshot. The newest if empty. Raises SnapshotGone."""
        if not snapshot_version or not self._by_snapshot:
            return self.newest
        try:
            return self._by_snapshot[snapshot_version]
        except KeyError:
            have = ", ".join(self._by_snapshot) or "none"
            raise SnapshotGone(f"snapshot_version: {snapshot_version} is not open here ({have} is)") from None
