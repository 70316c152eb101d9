"""Retrieval's part of following: a live snapshot, and the set of those that answer requests."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from services.retrieval.live import LiveSnapshot
from services.retrieval.snapshots import Snapshots
from shared.snapshot.change import Change


class FollowedSnapshot:
    """A live snapshot whose states go to `snapshots`. It implements shared.live.opened.Live."""

    def __init__(self, folder: Path, scratch: Path, snapshots: Snapshots) -> None:
        """Open the snapshot in `folder`. Its files are written under `scratch`."""
        self._private = scratch / uuid4().hex
        self._live = LiveSnapshot(folder, self._private)
        self._snapshots = snapshots

    @property
    def version(self) -> str:
        return self._live.version

    @property
    def encoder_version(self) -> str:
        return self._live.encoder_version

    @property
    def position(self) -> int:
        """See Live."""
        return self._live.position

    @property
    def log_position(self) -> int:
        """See Live."""
        return self._live.state.log_position

    def apply(self, changes: Sequence[Change]) -> None:
        """See Live."""
        self._live.apply(changes)

    def serve(self) -> None:
        """See Live."""
        self._snapshots.swap(self._live.state)

    def refresh(self) -> None:
        """See Live."""
        self._snapshots.refresh(self._live.state)

    def close(self) -> None:
        """See Live."""
        shutil.rmtree(self._private, ignore_errors=True)
