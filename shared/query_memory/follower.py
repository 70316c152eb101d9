"""Go over to a newer query memory without a restart."""

import logging
from pathlib import Path

from shared import artifacts
from shared.follower import Follower
from shared.query_memory.folder import memory_root, read_memory
from shared.query_memory.memory import QueryMemory

_LOG = logging.getLogger(__name__)


class MemoryFollower:
    """The newest query memory of a data folder."""

    def __init__(self, data: Path) -> None:
        self._root = memory_root(data)
        self.memory: QueryMemory | None = None  # None: there is none yet
        self._follower = Follower[str | None](lambda: artifacts.current(self._root), self._take_up)

    async def run(self, refresh_seconds: float) -> None:
        """Look for a newer one every `refresh_seconds`, for ever."""
        await self._follower.run(refresh_seconds)

    async def look(self) -> None:
        """Take up a newer one now, if there is one."""
        await self._follower.look()

    def _take_up(self, version: str | None) -> None:
        if version is None:
            self.memory = None
            return
        memory = read_memory(self._root, version)
        memory.warm()
        self.memory = memory
        _LOG.info("query memory %s serves, of %d queries", version, len(memory))
