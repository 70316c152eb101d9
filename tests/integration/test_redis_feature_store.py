import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.features.redis import RedisFeatureStore
from shared.features.store import Change
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from tests.contract.feature_store_partitions import PartitionsSuite
from tests.contract.feature_store_suite import Begin, FeatureStoreSuite
from tests.integration.redis_cluster import redis_cluster


class TestRedisFeatureStore(FeatureStoreSuite, PartitionsSuite):
    @pytest.fixture
    async def begin(self, redis_address: str) -> AsyncIterator[Begin]:
        store = RedisFeatureStore(connect(RedisConfig(f"redis://{redis_address}")))
        yield lambda: (store, secrets.token_hex(6))
        await store.close()


@pytest.fixture(scope="module")
def cluster_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address


class TestRedisFeatureStoreOnACluster(FeatureStoreSuite, PartitionsSuite):
    @pytest.fixture
    async def begin(self, cluster_address: str) -> AsyncIterator[Begin]:
        store = RedisFeatureStore(connect(RedisConfig(f"redis://{cluster_address}", cluster=True)))
        yield lambda: (store, secrets.token_hex(6))
        await store.close()


async def test_two_shops_share_a_server_by_their_prefixes(redis_address: str) -> None:
    client = connect(RedisConfig(f"redis://{redis_address}"))
    shops = [secrets.token_hex(4), secrets.token_hex(4)]
    one, two = (RedisFeatureStore(client, f"{shop}:") for shop in shops)
    generation = await one.generation()
    assert await one.replace([Change("p:1", b"", b"value", 60)], generation) == [True]
    await two.publish(generation)  # the same name, and still another shop's
    assert (await one.values(["p:1"]), await two.values(["p:1"])) == ([b"value"], [None])
    await two.forget(generation)
    assert await one.values(["p:1"]) == [b"value"]
    await client.aclose()
