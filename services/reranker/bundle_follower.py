"""Serves the newest snapshot and bundle without a restart."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from services.reranker.config import RerankerConfig
from services.reranker.opened import OpenedRerankers
from services.reranker.opening import Texts, open_reranker, open_snapshot
from services.reranker.reranker import Reranker
from services.reranker.snapshot import RerankerSnapshot
from shared.errors import NotFound
from shared.follower import Follower
from shared.models.registry import Registry
from shared.snapshot.change import Change

_LOG = logging.getLogger(__name__)


class FollowedSnapshot:
    """A snapshot with the reranker that fits it, if there is one.

    It implements shared.live.opened.Live.
    """

    def __init__(self, snapshot: RerankerSnapshot, reranker: Reranker | None, shop: BundleFollower) -> None:
        self._snapshot = snapshot
        self._reranker = reranker
        self._shop = shop

    @property
    def version(self) -> str:
        return self._snapshot.version

    @property
    def encoder_version(self) -> str:
        return self._snapshot.encoder_version

    @property
    def position(self) -> int:
        """See Live."""
        return self._snapshot.position

    @property
    def log_position(self) -> int:
        """See Live. 0, because it shows no writes by itself."""
        return 0

    def apply(self, changes: Sequence[Change]) -> None:
        """See Live."""
        self._snapshot.apply(changes)

    def serve(self) -> None:
        """See Live."""
        self._shop.serve(self._snapshot, self._reranker)

    def refresh(self) -> None:
        """Do nothing: applied changes are visible at once."""

    def close(self) -> None:
        """Do nothing: it writes no files."""


class BundleFollower:
    """The rerankers of a data folder.

    Opens snapshots with their rerankers, and rerankers for another bundle of the same snapshot.
    """

    def __init__(
        self,
        data: Path,
        config: RerankerConfig,
        texts: Texts,
        opened: OpenedRerankers,
        bundle_version: str = "",
    ) -> None:
        """An empty `bundle_version` means the promoted bundle, or its predecessor until it fits."""
        self._data = data
        self._config = config
        self._texts = texts
        self._bundle_version = bundle_version
        self._opened = opened
        self._snapshot: RerankerSnapshot | None = None
        self.reranker: Reranker | None = None  # of the snapshot that serves
        self._follower = Follower(self._newest, self._switch)

    def open(self, version: str) -> FollowedSnapshot:
        """Open a snapshot and the reranker that fits it. Without one, pages are not reranked."""
        snapshot = open_snapshot(self._data, version)
        try:
            return FollowedSnapshot(snapshot, self._reranker_of(snapshot), self)
        except NotFound as error:
            _LOG.warning("pages are not reranked: %s", error)
            return FollowedSnapshot(snapshot, None, self)

    def serve(self, snapshot: RerankerSnapshot, reranker: Reranker | None) -> None:
        """Use this snapshot and reranker from now on."""
        self._snapshot = snapshot
        self.reranker = reranker
        if reranker:
            self._opened.add(reranker)

    async def follow(self, refresh_seconds: float) -> None:
        """Switch to another bundle of the same snapshot whenever one fits. Runs forever.

        If it cannot be opened, the error is logged once, and the previous one stays in use.
        """
        await self._follower.run(refresh_seconds)

    async def look(self) -> None:
        """Switch now, if another bundle fits."""
        await self._follower.look()

    def _newest(self) -> tuple[str, str | None]:
        """The names of the serving snapshot and the bundle in use.

        A change of either may require another reranker.
        """
        return self._snapshot.version if self._snapshot else "", Registry.of(self._data).promoted_version()

    def _switch(self, _: tuple[str, str | None]) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        chosen = Registry.of(self._data).fitting(snapshot.heads_sha256, self._bundle_version)[0]
        if (
            self.reranker
            and self.reranker.snapshot is snapshot
            and self.reranker.bundle_version == chosen.version
        ):
            return
        reranker = self._reranker_of(snapshot)
        if snapshot is self._snapshot:  # otherwise a newer snapshot serves, with its own reranker
            self.serve(snapshot, reranker)
            _LOG.info("serving snapshot %s with bundle %s", snapshot.version, reranker.bundle_version)

    def _reranker_of(self, snapshot: RerankerSnapshot) -> Reranker:
        return open_reranker(
            self._data, snapshot.version, self._config, self._texts, self._bundle_version, snapshot
        )
