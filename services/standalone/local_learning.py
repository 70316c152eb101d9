"""What one process learns by itself: the memories that it follows, and the trainer's looks."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.training.learning.config import TrainerConfig
from services.training.learning.looking import Looking
from shared.config import load
from shared.product_memory.follower import ProductMemoryFollower
from shared.query_memory.follower import MemoryFollower


class LocalLearning:
    """Of a data folder, beside the engine that serves it."""

    def __init__(self, data: Path, looks: bool = True) -> None:
        """`looks`: this process looks for something to learn, if the settings allow it."""
        config = load(TrainerConfig)
        self.memory = MemoryFollower(data)
        self.products = ProductMemoryFollower(data)
        self._looking = Looking(data, config) if config.enabled and looks else None

    @property
    def trouble(self) -> str:
        """Why nothing is learnt, in words; empty when all is well."""
        return self._looking.trouble if self._looking else ""

    async def run(self, refresh_seconds: float) -> None:
        """Follow the memories, and look for something to learn, for ever."""
        following = (self.memory.run(refresh_seconds), self.products.run(refresh_seconds))
        await asyncio.gather(*following, *([self._looking.run()] if self._looking else []))

    async def look(self) -> None:
        """Take up the newest memories now, not at the next look."""
        await self.memory.look()
        await self.products.look()
