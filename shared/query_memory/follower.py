"""Switches to a newer query memory without a restart."""

from pathlib import Path

from shared.query_memory.folder import QUERY_MEMORIES
from shared.query_memory.memory import QueryMemory
from shared.versioned_memory.follower import StoreFollower


class MemoryFollower(StoreFollower[QueryMemory, None]):
    """The newest query memory of a data folder; None until there is one."""

    def __init__(self, data: Path) -> None:
        super().__init__(QUERY_MEMORIES, data, None)
