"""All the services as processes over Kafka: a write through the gateway, and the page that shows it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc_health.v1 import health_pb2, health_pb2_grpc

from protos.catalog_pb2 import DeleteProductsRequest, Price, Product, UpsertProductsRequest
from protos.catalog_pb2_grpc import CatalogServiceStub
from protos.search_pb2 import SearchRequest, SearchResponse
from protos.search_pb2_grpc import SearchServiceStub
from shared.events.kafka.config import KafkaConfig
from tests.integration.redis_server import free_port

PACKAGES = {
    "INDEXING": "services.embedding.indexing",
    "EMBEDDING": "services.embedding",
    "RETRIEVAL": "services.retrieval",
    "RERANKER": "services.reranker",
    "GATEWAY": "services.gateway",
}


@dataclass
class Processes:
    """The services on ports of their own, and a client of the gateway."""

    data: Path
    kafka: KafkaConfig
    stack: ExitStack
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PACKAGES})
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        settings = {
            "AISLE_KAFKA_ADDRESS": self.kafka.address,
            "AISLE_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "AISLE_EMBEDDING_MODEL": "hash",
            "AISLE_GATEWAY_SPOOL_PATH": str(self.data / "spool.sqlite"),
        }
        for name, port in self.ports.items():
            settings |= {f"AISLE_{name}_PORT": str(port), f"AISLE_{name}_DATA": str(self.data)}
            settings[f"AISLE_GATEWAY_{name}_ADDRESS"] = f"127.0.0.1:{port}"
        return {**os.environ, **settings}

    def start(self, *names: str) -> None:
        for name in names:
            self.running[name] = subprocess.Popen([sys.executable, "-m", PACKAGES[name]], env=self.environ)
            self.stack.callback(self.running[name].kill)

    def channel(self, name: str) -> grpc.Channel:
        return self.stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{self.ports[name]}"))

    def until_healthy(self, *names: str) -> None:
        for name in names:
            stub, ends = health_pb2_grpc.HealthStub(self.channel(name)), time.monotonic() + 90
            while not _serving(stub):
                assert time.monotonic() < ends and self.running[name].poll() is None, name
                time.sleep(0.1)


def _serving(stub: health_pb2_grpc.HealthStub) -> bool:
    try:
        return bool(
            stub.Check(health_pb2.HealthCheckRequest(), timeout=5).status == health_pb2.HealthCheckResponse.SERVING
        )
    except grpc.RpcError:
        return False


@pytest.fixture
def processes(kafka: KafkaConfig, tmp_path: Path) -> Iterator[Processes]:
    with ExitStack() as stack:
        yield Processes(tmp_path, kafka, stack)


def upsert(channel: grpc.Channel, product: Product, *fields: str) -> int:
    requests = iter([UpsertProductsRequest(product=product, update_mask=FieldMask(paths=fields))])
    answer = CatalogServiceStub(channel).UpsertProducts(requests, timeout=60)
    assert answer.accepted_count == 1, answer
    return int(answer.log_position)


def search(channel: grpc.Channel, query: str, wait_for: int) -> SearchResponse:
    wanted = SearchRequest(query=query, wait_for_visible=wait_for, deadline_ms=60_000)
    page: SearchResponse = SearchServiceStub(channel).Search(wanted)
    return page


@pytest.mark.timeout(300)
def test_a_write_through_the_gateway_is_shown_by_every_process_in_any_order(processes: Processes) -> None:
    processes.start("RETRIEVAL", "RERANKER", "EMBEDDING", "GATEWAY", "INDEXING")
    processes.until_healthy(*PACKAGES)
    gateway = processes.channel("GATEWAY")
    position = upsert(gateway, Product(product_id="one", title="Zephyrine lantern", price=Price(amount=5)))
    page = search(gateway, "zephyrine lantern", position)
    assert [result.product.title for result in page.results] == ["Zephyrine lantern"]
    assert page.served_by.log_position >= position and not page.corrected_query
    position = upsert(gateway, Product(product_id="one", price=Price(amount=7)), "price")
    assert search(gateway, "lantern", position).results[0].product.price.amount == 7

    for name in ("RETRIEVAL", "INDEXING", "RERANKER"):
        processes.running[name].send_signal(signal.SIGKILL)
        processes.running[name].wait()
        processes.start(name)
    processes.until_healthy("RETRIEVAL")
    position = upsert(gateway, Product(product_id="two", title="Quixotic banjo"))
    assert search(gateway, "quixotic banjo", position).results[0].product.product_id == "two"
    removal = DeleteProductsRequest(product_ids=["one"])
    position = CatalogServiceStub(gateway).DeleteProducts(removal, timeout=60).log_position
    assert search(gateway, "", position).total_count == 1
    for name, process in processes.running.items():
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, name
