from collections.abc import Sequence

from shared.errors import Unavailable
from shared.features.memory import MemoryFeatureStore
from shared.features.store import Change


class NamedStore(MemoryFeatureStore):
    """A store with a generation, that is down for some calls."""

    name = "g1"
    down = 0

    async def generation(self) -> str:
        return self.name

    async def replace(self, changes: Sequence[Change], generation: str = "") -> list[bool]:
        if self.down:
            self.down -= 1
            await super().replace(changes[:1])
            raise Unavailable("the store is down")
        return await super().replace(changes)
