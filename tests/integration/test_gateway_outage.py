"""The gateway as a process of its own, on a Kafka that stops."""

import asyncio
import signal
import time
from pathlib import Path

import grpc
import pytest

from aisle.v1.catalog_pb2 import DeleteProductsRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EVENT_STATUS_ACCEPTED, EventProduct, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import USER_EVENTS
from tests.contract.event_log import polled
from tests.integration.test_gateway_process import Process
from tests.servers import Broker, fresh_topics


@pytest.fixture
def config(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KafkaConfig:
    made = fresh_topics(broker.address)
    monkeypatch.setenv("AISLE_KAFKA_ADDRESS", made.address)
    monkeypatch.setenv("AISLE_KAFKA_TOPIC_PREFIX", made.topic_prefix)
    monkeypatch.setenv("AISLE_GATEWAY_SPOOL_PATH", str(tmp_path / "spool"))
    monkeypatch.setenv("AISLE_GATEWAY_SECRET_PATH", str(tmp_path / "secret"))
    return made


def record(gateway: Process, *numbers: int) -> None:
    """Record clicks, each of which must be accepted."""
    product = EventProduct(product_id="p1")
    events = [
        UserEvent(event_id=f"e{n}", action="click", visitor_id="v1", products=[product]) for n in numbers
    ]
    request = RecordEventsRequest(events=events)
    acks = EventServiceStub(gateway.channel).RecordEvents(request, timeout=10).acks
    assert [ack.status for ack in acks] == [EVENT_STATUS_ACCEPTED] * len(numbers)


async def test_events_are_taken_whatever_happens_to_kafka_and_gateway_and_catalogue_writes_are_not(
    broker: Broker, config: KafkaConfig, tmp_path: Path
) -> None:
    gateway = Process(tmp_path / "unused.sqlite")
    record(gateway, 0, 1)
    broker.kill()
    began = time.monotonic()
    record(gateway, 2, 3)
    assert time.monotonic() - began < 4
    began = time.monotonic()
    record(gateway, 4)
    assert time.monotonic() - began < 0.5
    with pytest.raises(grpc.RpcError) as refused:
        CatalogServiceStub(gateway.channel).DeleteProducts(
            DeleteProductsRequest(product_ids=["p1"]), timeout=10
        )
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    gateway.end(signal.SIGKILL)
    gateway = Process(tmp_path / "unused.sqlite")  # it starts while Kafka is down
    record(gateway, 5)
    await asyncio.to_thread(broker.start)
    record(gateway, 6)
    log = KafkaEventLog(config)
    found = await polled(await log.consumer([USER_EVENTS]), 7)
    assert list(dict.fromkeys(each.event_id for each in found)) == [f"e{number}" for number in range(7)]
    await log.close()
    assert gateway.end(signal.SIGTERM) == 0
    assert not (tmp_path / "unused.sqlite").exists()
