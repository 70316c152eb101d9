import pytest

from shared.features.memory import MemoryFeatureStore
from shared.features.store import Change
from tests.contract.feature_store_suite import Begin, FeatureStoreSuite, counted


class TestMemoryFeatureStore(FeatureStoreSuite):
    @pytest.fixture
    def begin(self) -> Begin:
        return lambda: (MemoryFeatureStore(), "")


async def test_beyond_its_bound_the_key_not_used_for_longest_is_forgotten() -> None:
    store, value = MemoryFeatureStore(max_keys=2), counted(1)[0]
    await store.replace([Change("v:1", b"", value, 1), Change("v:2", b"", value, 1)])
    await store.values(["v:1"])
    await store.replace([Change("v:3", b"", value, 1)])
    assert await store.values(["v:1", "v:2", "v:3"]) == [value, None, value]
    assert len(store) == 2
