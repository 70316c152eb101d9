"""Page workers read the feature store of the first process."""

from pathlib import Path
from typing import Any

import pytest

from services.standalone.workers.features_service import WorkerFeatures, features_servicer
from services.standalone.workers.remote_features import RemoteFeatures
from shared.errors import Unavailable
from shared.features.memory import MemoryFeatureStore
from shared.features.store import Change
from shared.rpc.channels import connect
from shared.rpc.server import Server


@pytest.fixture
async def store() -> MemoryFeatureStore:
    store = MemoryFeatureStore()
    assert await store.replace([Change("p:1", b"", b"\x01value", 60)]) == [True]
    return store


async def test_values_come_in_the_order_of_the_keys(store: MemoryFeatureStore, tmp_path: Path) -> None:
    server = Server([features_servicer(store)], 0, f"unix:{tmp_path / 'first'}")
    await server.start()
    try:
        async with connect(f"unix:{tmp_path / 'first'}") as channel:
            found = await RemoteFeatures(channel).values(["p:2", "p:1", "p:3"])
        assert found == await store.values(["p:2", "p:1", "p:3"])
        assert found[0] is None and found[1] is not None
    finally:
        await server.stop(grace_seconds=0)


async def test_the_folder_of_a_socket_must_be_there(store: MemoryFeatureStore, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="is its folder there"):
        Server([features_servicer(store)], 0, f"unix:{tmp_path / 'none' / 'first'}")


async def test_they_only_read(store: MemoryFeatureStore) -> None:
    channel: Any = _Channel()
    remote = RemoteFeatures(channel)
    for writing in (remote.replace([], ""), remote.publish("g"), remote.forget("g")):
        with pytest.raises(Unavailable, match="does not write"):
            await writing
    assert await remote.generation() == ""
    assert isinstance(WorkerFeatures(store), WorkerFeatures)


class _Channel:
    def unary_unary(self, *_: object, **__: object) -> None:
        """No call is made."""
