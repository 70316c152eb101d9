"""Go over to a newer memory without a restart."""

import logging
from pathlib import Path
from typing import Generic, TypeVar

from shared import artifacts
from shared.follower import Follower
from shared.versioned_memory.store import Content, MemoryStore

Without = TypeVar("Without")

_LOG = logging.getLogger(__name__)


class StoreFollower(Generic[Content, Without]):
    """The newest memory of a data folder."""

    def __init__(self, store: MemoryStore[Content], data: Path, without: Without) -> None:
        """`without` stands for the memory until there is one."""
        self._store = store
        self._root = store.root(data)
        self._without = without
        self.memory: Content | Without = without
        self._follower = Follower[str | None](lambda: artifacts.current(self._root), self._take_up)

    async def run(self, refresh_seconds: float) -> None:
        """Look for a newer one every `refresh_seconds`, for ever."""
        await self._follower.run(refresh_seconds)

    async def look(self) -> None:
        """Take up a newer one now, if there is one."""
        await self._follower.look()

    def _take_up(self, version: str | None) -> None:
        if version is None:
            self.memory = self._without
            return
        memory = self._store.read(self._root, version)
        memory.warm()
        self.memory = memory
        _LOG.info("%s %s serves, with %d entries", self._store.name, version, len(memory))
