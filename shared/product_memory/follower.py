"""Go over to a newer product memory without a restart."""

import logging
from pathlib import Path

from shared import artifacts
from shared.follower import Follower
from shared.product_memory.folder import product_memory_root, read_product_memory
from shared.product_memory.memory import ProductMemory

_LOG = logging.getLogger(__name__)


class ProductMemoryFollower:
    """The newest product memory of a data folder."""

    def __init__(self, data: Path) -> None:
        self._root = product_memory_root(data)
        self.memory = ProductMemory.empty()  # until there is one
        self._follower = Follower[str | None](lambda: artifacts.current(self._root), self._take_up)

    async def run(self, refresh_seconds: float) -> None:
        """Look for a newer one every `refresh_seconds`, for ever."""
        await self._follower.run(refresh_seconds)

    async def look(self) -> None:
        """Take up a newer one now, if there is one."""
        await self._follower.look()

    def _take_up(self, version: str | None) -> None:
        if version is None:
            self.memory = ProductMemory.empty()
            return
        memory = read_product_memory(self._root, version)
        memory.warm()
        self.memory = memory
        _LOG.info("product memory %s serves, of %d products", version, len(memory))
