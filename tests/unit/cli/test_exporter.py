from typing import cast

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from aisle.v1.admin_pb2 import (
    REPLICA_STATE_SERVING,
    REPLICA_STATE_UNREACHABLE,
    GetStatusResponse,
    Replica,
)
from aisle.v1.status_pb2 import ReplicaStatus
from cli.client import Client
from cli.exporter import EngineCollector
from shared.errors import Unavailable

STATUS = GetStatusResponse(
    product_count=2_977,
    pending_writes=3,
    dead_letter_count=2,
    snapshot_version="s1",
    bundle_version="b1",
    aisle_version="1.0",
    counts={"pages": 7, "errors.Overloaded": 2},
    replicas=[
        Replica(
            service="retrieval",
            address="10.0.0.1:50053",
            state=REPLICA_STATE_SERVING,
            ejected=True,
            pending_records=3,
            status=ReplicaStatus(snapshot_version="s1"),
        ),
        Replica(
            service="feedback",
            address="feedback:50055",
            state=REPLICA_STATE_SERVING,
            status=ReplicaStatus(behind_seconds=1.5),
        ),
        Replica(service="reranker", address="reranker:50054", state=REPLICA_STATE_UNREACHABLE),
    ],
)


class Engine:
    def __init__(self, answer: GetStatusResponse | Unavailable) -> None:
        self.answer = answer

    def status(self) -> GetStatusResponse:
        if isinstance(self.answer, Unavailable):
            raise self.answer
        return self.answer


def scraped(answer: GetStatusResponse | Unavailable) -> list[str]:
    registry = CollectorRegistry()
    registry.register(EngineCollector(cast(Client, Engine(answer))))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    "line",
    [
        "aisle_up 1.0",
        "aisle_products 2977.0",
        "aisle_pending_writes 3.0",
        'aisle_gateway_total{event="errors.Overloaded"} 2.0',
        "aisle_dead_letters 2.0",
        "aisle_log_answers 1.0",
        'aisle_served_info{bundle="b1",snapshot="s1",version="1.0"} 1.0',
        'aisle_replica_serving{address="10.0.0.1:50053",service="retrieval"} 1.0',
        'aisle_replica_serving{address="reranker:50054",service="reranker"} 0.0',
        'aisle_replica_ejected{address="10.0.0.1:50053",service="retrieval"} 1.0',
        'aisle_replica_pending_records{address="10.0.0.1:50053",service="retrieval"} 3.0',
        'aisle_feedback_behind_seconds{address="feedback:50055",service="feedback"} 1.5',
    ],
)
def test_the_status_becomes_figures(line: str) -> None:
    assert line in scraped(STATUS)


def test_who_does_not_answer_has_no_figures_of_progress() -> None:
    assert not [line for line in scraped(STATUS) if "reranker" in line and "pending" in line]


def test_a_log_that_is_away_is_told() -> None:
    assert "aisle_log_answers 0.0" in scraped(GetStatusResponse(waiting_for="the log: Kafka is away"))


def test_an_engine_that_does_not_answer_is_down() -> None:
    assert scraped(Unavailable("no engine answers")) == ["aisle_up 0.0"]
