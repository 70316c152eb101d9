from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.click_engine import ForgettingStore, LearningEngine, Parts
from shared.features.memory import MemoryFeatureStore
from shared.query_memory.memory import QueryMemory


def memory(version: str) -> QueryMemory:
    """One that remembers nothing."""
    places = np.empty(0, np.int64)
    vectors, weights = np.empty((0, 4), np.float16), np.empty((0, 2), np.float32)
    return QueryMemory(places, [], vectors, "e", [], places, places, weights, version)


class KnowingStore(MemoryFeatureStore):
    async def values(self, keys: Any, generation: str | None = None) -> list[bytes | None]:
        return [b"known" for _ in keys]


async def test_a_query_is_new_for_the_pages_of_a_block_only() -> None:
    follower = SimpleNamespace(memory=memory("v1"))
    known: Any = SimpleNamespace(learning=SimpleNamespace(memory=follower))
    learner: Any = None
    engine = LearningEngine(known, learner, Parts(), ForgettingStore(KnowingStore(1 << 20)))
    before = follower.memory
    with engine.without_own_history():
        first = follower.memory
        assert not first.knows_itself
        assert await engine.store.values(["q:1", "p:1"]) == [None, b"known"]
    assert follower.memory is before and before.knows_itself
    assert await engine.store.values(["q:1"]) == [b"known"]
    with engine.without_own_history():
        assert follower.memory is first  # what it computed once is kept
    follower.memory = memory("v2")
    with engine.without_own_history():
        assert follower.memory.version == "v2"
