"""All services as processes over Kafka: a write through the gateway, and the page that shows it."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import DeleteProductsRequest, Price, Product, UpsertProductsRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub
from shared.events.kafka.config import KafkaConfig
from tests.service_processes import ServiceProcesses

# Each starts before its dependencies
NAMES = ("retrieval", "reranker", "embedding", "gateway", "indexing")


@pytest.fixture
def processes(kafka: KafkaConfig, tmp_path: Path) -> Iterator[ServiceProcesses]:
    settings = {
        "AISLE_KAFKA_ADDRESS": kafka.address,
        "AISLE_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
        "AISLE_EMBEDDING_MODEL": "hash",
    }
    with ServiceProcesses(tmp_path / "data", tmp_path / "run", settings) as running:
        yield running


def upsert(channel: grpc.Channel, product: Product, *fields: str) -> int:
    requests = iter([UpsertProductsRequest(product=product, update_mask=FieldMask(paths=fields))])
    answer = CatalogServiceStub(channel).UpsertProducts(requests, timeout=60)
    assert answer.accepted_count == 1, answer
    return int(answer.log_position)


def search(channel: grpc.Channel, query: str, wait_for: int) -> SearchResponse:
    """Search again while the gateway has not found the restarted replica."""
    wanted = SearchRequest(query=query, wait_for_visible=wait_for, deadline_ms=60_000)
    until = time.monotonic() + 60
    while True:
        try:
            page: SearchResponse = SearchServiceStub(channel).Search(wanted)
            return page
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() > until:
                raise
            time.sleep(0.2)


@pytest.mark.timeout(300)
def test_a_write_through_the_gateway_is_shown_by_every_process_in_any_order(
    processes: ServiceProcesses,
) -> None:
    processes.start(*NAMES)
    processes.until_serving()
    with grpc.insecure_channel(processes.gateway) as gateway:
        _write_and_search(processes, gateway)
    processes.stop()


def _write_and_search(processes: ServiceProcesses, gateway: grpc.Channel) -> None:
    position = upsert(gateway, Product(product_id="one", title="Zephyrine lantern", price=Price(amount=5)))
    page = search(gateway, "zephyrine lantern", position)
    assert [result.product.title for result in page.results] == ["Zephyrine lantern"]
    assert page.served_by.log_position >= position and not page.corrected_query
    position = upsert(gateway, Product(product_id="one", price=Price(amount=7)), "price")
    assert search(gateway, "lantern", position).results[0].product.price.amount == 7

    for name in ("retrieval", "indexing", "reranker"):
        processes.signal(signal.SIGKILL, name)
        processes.start(name)
    processes.until_serving("retrieval")
    position = upsert(gateway, Product(product_id="two", title="Quixotic banjo"))
    assert search(gateway, "quixotic banjo", position).results[0].product.product_id == "two"
    removal = DeleteProductsRequest(product_ids=["one"])
    position = CatalogServiceStub(gateway).DeleteProducts(removal, timeout=60).log_position
    assert search(gateway, "", position).total_count == 1
