"""The same page for the same state, whether all services are in one process or each is one behind the wire."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import grpc
import pytest

from protos.catalog_pb2 import Price, Product, Rating, UpsertProductsRequest
from protos.catalog_pb2_grpc import CatalogServiceStub
from protos.events_pb2 import EVENT_STATUS_ACCEPTED, EventProduct, RecordEventsRequest, UserEvent
from protos.events_pb2_grpc import EventServiceStub
from protos.feedback_pb2 import GetProgressRequest
from protos.feedback_pb2_grpc import FeedbackServiceStub
from protos.search_pb2 import SearchRequest, SearchResponse, SearchResult
from protos.search_pb2_grpc import SearchServiceStub
from services.standalone.engine_process import running_engine
from services.standalone.service_processes import ServiceProcesses
from tests.e2e.conftest import STEADY
from tests.e2e.sample_searches import PATIENT_MS, VISITORS, searches

NEW = [
    Product(
        product_id=f"new-{number}",
        title=f"Torquewell Zephyr Tape Measure {number}",
        description="A tape measure that was written after the snapshot was made.",
        brands=["Torquewell"],
        categories=["Tools & Hardware > Hand Tools > Measuring"],
        price=Price(amount=10 + number, currency_code="USD"),
        rating=Rating(average=4.5, count=10 * number + 1),
    )
    for number in range(12)
]
EVENTS = 30
AN_HOUR_AGO = int(time.time()) - 3_600
AFFINITY = "affinity"


@pytest.mark.timeout(1_800)
def test_two_hundred_pages_are_the_same_in_one_process_and_in_many(
    sample_shop: Path,
    sample: Path,
    shop_settings: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in STEADY.items():
        monkeypatch.setenv(name, value)
    for name in ("one", "many"):
        shutil.copytree(sample_shop / "snapshots", tmp_path / name / "snapshots")
    replicas = {"retrieval": 2, "reranker": 2}
    with ServiceProcesses(tmp_path / "many", tmp_path / "run", shop_settings, replicas) as processes:
        processes.start()
        processes.until_serving(seconds=600)
        with (
            running_engine(tmp_path / "one") as address,
            grpc.insecure_channel(address) as one,
            grpc.insecure_channel(processes.gateway) as many,
        ):
            positions = [write(channel) for channel in (one, many)]
            assert positions[0] == positions[1]
            act(one)
            act(many)
            until_applied(processes.address("feedback"))
            until_known(one)
            until_known(many)
            compared = [
                same_pages(SearchServiceStub(one), SearchServiceStub(many), request, positions[0])
                for request in searches(sample)
            ]
    assert len(compared) == 200 and sum(compared) > 300  # some have a second page
    assert not (tmp_path / "many" / "log.sqlite").exists()


def write(channel: grpc.Channel) -> int:
    """New products, so that pages are of a snapshot and of what came since."""
    answer = CatalogServiceStub(channel).UpsertProducts(
        (UpsertProductsRequest(product=product) for product in NEW), timeout=120
    )
    assert answer.accepted_count == len(NEW)
    return int(answer.log_position)


def act(channel: grpc.Channel) -> None:
    """What the visitors did, at the same moments for both."""
    events = []
    for number in range(EVENTS):
        event = UserEvent(
            event_id=f"e{number}",
            action=("click", "view", "add_to_cart")[number % 3],
            visitor_id=VISITORS[number % len(VISITORS)],
            session_id="s1",
            products=[EventProduct(product_id=f"p{number * 37:05}")],
        )
        event.event_time.FromSeconds(AN_HOUR_AGO + number)
        events.append(event)
    acks = EventServiceStub(channel).RecordEvents(RecordEventsRequest(events=events), timeout=60).acks
    assert {ack.status for ack in acks} == {EVENT_STATUS_ACCEPTED}


def until_applied(worker: str) -> None:
    """Return once the feedback worker has all that was done."""
    until = time.monotonic() + 120
    with grpc.insecure_channel(worker) as channel:
        while FeedbackServiceStub(channel).GetProgress(GetProgressRequest(), timeout=30).applied_count < EVENTS:
            assert time.monotonic() < until
            time.sleep(0.05)


def until_known(channel: grpc.Channel) -> None:
    """Return once a page of each visitor is made with what they did."""
    stub, until = SearchServiceStub(channel), time.monotonic() + 120
    for visitor in VISITORS:
        request = SearchRequest(query="tool box", visitor_id=visitor, explain=True, deadline_ms=PATIENT_MS)
        while AFFINITY not in features(stub.Search(request).results):
            assert time.monotonic() < until, visitor
            time.sleep(0.05)


def features(results: Sequence[SearchResult]) -> set[str]:
    return {part.feature for result in results for part in result.explanation.contributions}


def same_pages(one: SearchServiceStub, many: SearchServiceStub, request: SearchRequest, position: int) -> int:
    """Compare the first two pages of a search; how many there were."""
    request.wait_for_visible = position
    first, others = one.Search(request), many.Search(request)
    check(request, first, others)
    if not first.next_page_token:
        assert not others.next_page_token
        return 1
    second, its = SearchRequest(), SearchRequest()
    second.CopyFrom(request)
    its.CopyFrom(request)
    second.page_token, its.page_token = first.next_page_token, others.next_page_token
    check(request, one.Search(second), many.Search(its))
    return 2


def check(request: SearchRequest, one: SearchResponse, many: SearchResponse) -> None:
    assert not one.served_by.degraded and not many.served_by.degraded, request
    assert plain(one) == plain(many), request
    for mine, its in zip(one.results, many.results, strict=True):
        assert its.relevance_score == pytest.approx(mine.relevance_score, rel=1e-4, abs=1e-5), request
        assert parts(its) == {name: pytest.approx(part, rel=1e-3, abs=1e-4) for name, part in parts(mine).items()}


def plain(page: SearchResponse) -> dict[str, object]:
    """All of a page that has no rounding."""
    return {
        "products": [result.product for result in page.results],
        "positions": [result.position for result in page.results],
        "matched": [list(result.explanation.matched_terms) for result in page.results],
        "total_count": page.total_count,
        "facets": list(page.facets),
        "corrected_query": page.corrected_query,
        "tier": page.served_by.tier,
        "snapshot": page.served_by.snapshot_version,
        "bundle": page.served_by.bundle_version,
        "log_position": page.served_by.log_position,
    }


def parts(result: SearchResult) -> dict[str, tuple[float, float]]:
    """Feature -> value and contribution."""
    return {each.feature: (each.value, each.contribution) for each in result.explanation.contributions}
