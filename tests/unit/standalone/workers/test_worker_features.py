"""Page workers read the feature store of the first process."""

import pytest

from services.standalone.workers.connection import Kind
from services.standalone.workers.remote_features import RemoteFeatures, features_of
from shared.errors import Unavailable
from shared.features.memory import MemoryFeatureStore
from shared.features.store import Change
from tests.unit.standalone.workers.pair import pair


async def test_values_come_in_the_order_of_the_keys() -> None:
    store = MemoryFeatureStore()
    assert await store.replace([Change("p:1", b"", b"\x01value", 60)]) == [True]
    remote = RemoteFeatures()
    async with pair({Kind.READ_FEATURES: features_of(store)}, {}) as (_, worker):
        remote.connection = worker
        found = await remote.values(["p:2", "p:1", "p:3"])
    assert found == await store.values(["p:2", "p:1", "p:3"])
    assert found[0] is None and found[1] is not None


async def test_there_are_none_before_the_connection() -> None:
    with pytest.raises(Unavailable, match="not connected yet"):
        await RemoteFeatures().values(["p:1"])


async def test_they_only_read() -> None:
    remote = RemoteFeatures()
    for writing in (remote.replace([], ""), remote.publish("g"), remote.forget("g")):
        with pytest.raises(Unavailable, match="does not write"):
            await writing
    assert await remote.generation() == ""
