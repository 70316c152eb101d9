"""The same page for the same state, from one process with all services or from one for each."""

import shutil
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest

from aisle.v1.catalog_pb2 import Price, Product, Rating, UpsertProductsRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EVENT_STATUS_ACCEPTED, EventProduct, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.feedback_pb2 import GetProgressRequest
from aisle.v1.feedback_pb2_grpc import FeedbackServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse, SearchResult
from aisle.v1.search_pb2_grpc import SearchServiceStub
from cli.standalone_process import running_engine
from tests.e2e.copied_bundles import promote_weighted
from tests.e2e.sample_searches import PATIENT_MS, VISITORS, searches
from tests.shop import STEADY, running_shop

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
# No features of impressions, because the pages of the test are counted too
WEIGHTS = {
    "product_opens_7d": 0.5,
    "product_carts_30d": 0.5,
    "query_opens_7d": 1.0,
    "visitor_weight": 0.3,
}
SEARCHED = 40  # searches after which shoppers act
AFFINITY = "affinity"


@pytest.mark.timeout(1_800)
def test_two_hundred_pages_are_the_same_in_one_process_and_in_many(
    sample_shop: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in STEADY.items():
        monkeypatch.setenv(name, value)
    for name in ("one", "many"):
        copy_shop(sample_shop, tmp_path / name)
    asked = searches(sample)
    with (
        running_shop(tmp_path / "many", tmp_path / "run", {"retrieval": 2, "reranker": 2}, STEADY) as shop,
        running_engine(tmp_path / "one") as address,
        grpc.insecure_channel(address) as one,
        grpc.insecure_channel(shop.processes.gateway) as many,
    ):
        position = write(one)
        assert position == write(many)
        last = act(one, asked, position)
        assert last == act(many, asked, position)
        until_applied(shop.processes.address("feedback"))
        until_known(one, last)
        until_known(many, last)
        stubs = SearchServiceStub(one), SearchServiceStub(many)
        compared = [same_pages(*stubs, request, position) for request in asked]
    # Some have a second page
    assert len(compared) == 200 and sum(len(pages) for pages in compared) > 300
    results = [result for pages in compared for page in pages for result in page.results]
    seen = Counter(name for result in results for name in parts(result))
    assert min(seen[name] for name in (*WEIGHTS, AFFINITY)) > 3, seen
    assert not (tmp_path / "many" / "log.sqlite").exists()


def copy_shop(shop: Path, data: Path) -> None:
    """Copy its snapshot, with a bundle that weighs shoppers' actions."""
    shutil.copytree(shop / "snapshots", data / "snapshots")
    promote_weighted(data / "bundles", WEIGHTS)


def write(channel: grpc.Channel) -> int:
    """Write new products, so that pages come from a snapshot and its delta."""
    answer = CatalogServiceStub(channel).UpsertProducts(
        (UpsertProductsRequest(product=product) for product in NEW), timeout=120
    )
    assert answer.accepted_count == len(NEW)
    return int(answer.log_position)


def act(channel: grpc.Channel, asked: Sequence[SearchRequest], position: int) -> tuple[str, str, str]:
    """Two visitors search. Then each opens the third product of its page and puts the first in the cart.

    Returns the last visitor, its query, and the product that it opened.
    """
    pages = [
        (visitor, page_for(channel, visitor, request.query, position))
        for number, request in enumerate(asked[:SEARCHED])
        for visitor in (VISITORS[number % len(VISITORS)], VISITORS[(number + 1) % len(VISITORS)])
    ]
    for number, (visitor, page) in enumerate(pages):
        common: dict[str, Any] = {"visitor_id": visitor, "session_id": "s1", "query_id": page.query_id}
        events = [
            UserEvent(
                event_id=f"{action}-{number}",
                action=action,
                products=[EventProduct(product_id=page.results[place].product.product_id)],
                **common,
            )
            for action, place in (("add_to_cart", 0), ("click", 2))
        ]
        sent = RecordEventsRequest(events=events)
        acks = EventServiceStub(channel).RecordEvents(sent, timeout=60).acks
        assert {(ack.status, ack.field) for ack in acks} == {(EVENT_STATUS_ACCEPTED, "")}
    return visitor, asked[SEARCHED - 1].query, page.results[2].product.product_id


def page_for(channel: grpc.Channel, visitor: str, query: str, position: int) -> SearchResponse:
    """A page that is made for a visitor."""
    request = SearchRequest(
        query=query, visitor_id=visitor, wait_for_visible=position, deadline_ms=PATIENT_MS
    )
    page: SearchResponse = SearchServiceStub(channel).Search(request)
    return page


def until_applied(worker: str) -> None:
    """Return once the feedback worker has applied all impressions and events."""
    until = time.monotonic() + 120
    with grpc.insecure_channel(worker) as channel:
        while (
            FeedbackServiceStub(channel).GetProgress(GetProgressRequest(), timeout=30).applied_count
            < 3 * 2 * SEARCHED
        ):
            assert time.monotonic() < until
            time.sleep(0.05)


def until_known(channel: grpc.Channel, last: tuple[str, str, str]) -> None:
    """Return once pages include the last event."""
    visitor, query, opened = last
    request = SearchRequest(query=query, visitor_id=visitor, explain=True, deadline_ms=PATIENT_MS)
    until = time.monotonic() + 120
    while not any(
        "query_opens_7d" in parts(result) and result.product.product_id == opened
        for result in SearchServiceStub(channel).Search(request).results
    ):
        assert time.monotonic() < until
        time.sleep(0.05)


def same_pages(
    one: SearchServiceStub, many: SearchServiceStub, request: SearchRequest, position: int
) -> list[SearchResponse]:
    """Compare the first two pages of a search, if there are two."""
    request.wait_for_visible = position
    first = one.Search(request)
    others = many.Search(request)
    check(request, first, others)
    if not first.next_page_token:
        assert not others.next_page_token
        return [first]
    second = SearchRequest()
    its = SearchRequest()
    second.CopyFrom(request)
    its.CopyFrom(request)
    second.page_token = first.next_page_token
    its.page_token = others.next_page_token
    following = one.Search(second)
    check(request, following, many.Search(its))
    return [first, following]


def check(request: SearchRequest, one: SearchResponse, many: SearchResponse) -> None:
    """Assert that pages are equal, and that scores differ only by the encoder's rounding.

    A text is encoded in a batch with other waiting texts. That moves its vector by 1e-7, and
    sometimes one number of a product's states by one step of int8.
    """
    assert not one.served_by.degraded and not many.served_by.degraded, request
    assert plain(one) == plain(many), request
    for mine, its in zip(one.results, many.results, strict=True):
        assert its.relevance_score == pytest.approx(mine.relevance_score, rel=1e-4, abs=1e-5), request
        assert parts(its) == {
            name: pytest.approx(part, rel=1e-3, abs=1e-4) for name, part in parts(mine).items()
        }


def plain(page: SearchResponse) -> dict[str, object]:
    """The parts of a page that rounding does not change."""
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
