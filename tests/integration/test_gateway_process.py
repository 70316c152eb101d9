"""The gateway as a process of its own, with nothing behind it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest

from aisle.v1.admin_pb2 import GetStatusRequest
from aisle.v1.admin_pb2_grpc import AdminServiceStub
from aisle.v1.catalog_pb2 import GetProductRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import (
    EVENT_STATUS_ACCEPTED,
    EVENT_STATUS_DUPLICATE,
    EventProduct,
    RecordEventsRequest,
    UserEvent,
)
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import SearchRequest
from aisle.v1.search_pb2_grpc import SearchServiceStub

ROOT = Path(__file__).parents[2]
EVENT = UserEvent(
    event_id="e1",
    action="click",
    visitor_id="v1",
    products=[EventProduct(product_id="p1")],
)


class Process:
    def __init__(self, log_path: Path) -> None:
        with socket.socket() as free:
            free.bind(("", 0))
            port = free.getsockname()[1]
        settings = {"PORT": port, "LOG_PATH": log_path, "EMBEDDING_ADDRESS": "127.0.0.1:1"}
        settings |= {"RETRIEVAL_ADDRESS": "127.0.0.1:1", "RERANKER_ADDRESS": "127.0.0.1:1"}
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment |= {f"AISLE_GATEWAY_{name}": str(value) for name, value in settings.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.gateway"],
            env=environment,
            cwd=ROOT,
        )
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        grpc.channel_ready_future(self.channel).result(timeout=30)

    def end(self, how: signal.Signals) -> int:
        self.channel.close()
        self.process.send_signal(how)
        return self.process.wait(timeout=15)


def record_event(gateway: Process) -> int:
    (ack,) = EventServiceStub(gateway.channel).RecordEvents(RecordEventsRequest(events=[EVENT])).acks
    return ack.status


def test_an_acknowledged_event_survives_a_kill(tmp_path: Path) -> None:
    gateway = Process(tmp_path / "log.sqlite")
    assert record_event(gateway) == EVENT_STATUS_ACCEPTED
    gateway.end(signal.SIGKILL)
    gateway = Process(tmp_path / "log.sqlite")
    assert record_event(gateway) == EVENT_STATUS_DUPLICATE
    gateway.end(signal.SIGTERM)


def test_without_retrieval_a_search_is_unavailable_at_once_and_the_rest_answers(
    tmp_path: Path,
) -> None:
    gateway = Process(tmp_path / "log.sqlite")
    start = time.perf_counter()
    with pytest.raises(grpc.RpcError) as refused:
        SearchServiceStub(gateway.channel).Search(SearchRequest(query="shoe"))
    assert time.perf_counter() - start < 2
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert AdminServiceStub(gateway.channel).GetStatus(GetStatusRequest()).aisle_version
    assert gateway.end(signal.SIGTERM) == 0


def test_a_position_that_no_write_was_given_is_refused_at_once(tmp_path: Path) -> None:
    gateway = Process(tmp_path / "log.sqlite")
    search = SearchServiceStub(gateway.channel)
    catalog = CatalogServiceStub(gateway.channel)
    for ask in (
        lambda: search.Search(SearchRequest(wait_for_visible=1 << 63, deadline_ms=60_000)),
        lambda: catalog.GetProduct(GetProductRequest(product_id="p1", wait_for_visible=1)),
    ):
        with pytest.raises(grpc.RpcError, match="was never assigned, the log ends at 0") as refused:
            ask()
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert gateway.end(signal.SIGTERM) == 0
