"""Switches to a newer product memory without a restart."""

from pathlib import Path

from shared.product_memory.folder import PRODUCT_MEMORIES
from shared.product_memory.memory import ProductMemory
from shared.versioned_memory.follower import StoreFollower


class ProductMemoryFollower(StoreFollower[ProductMemory, ProductMemory]):
    """The newest product memory of a data folder; an empty one until there is one."""

    def __init__(self, data: Path) -> None:
        super().__init__(PRODUCT_MEMORIES, data, ProductMemory.empty())
