"""`aisle serve` with page workers: pages are those of one process, whoever makes them."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest

from aisle.v1.catalog_pb2 import Product, UpsertProductsRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EventProduct, EventStatus, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.recommend_pb2_grpc import RecommendServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from shared.artifacts import set_current
from tests.e2e.copied_bundles import NEVER_PROMOTED, SAME_HEADS, copied_bundles
from tests.e2e.worker_shop import PATIENT_MS, WorkerShop, until, worker_shop

QUERY = "lamp"


@pytest.fixture(scope="module")
def shop(sample_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerShop]:
    data = tmp_path_factory.mktemp("workers") / "data"
    shutil.copytree(sample_shop, data, ignore=shutil.ignore_patterns("log.sqlite*", "features.sqlite*"))
    with worker_shop(data) as shop:
        yield shop


def _asked(count: int = 16, **asked: object) -> list[SearchRequest]:
    fields = {"query": QUERY, "deadline_ms": PATIENT_MS, **asked}
    return [SearchRequest(**fields) for _ in range(count)]  # type: ignore[arg-type]


def _shown(page: SearchResponse) -> list[tuple[str, float]]:
    return [(each.product.product_id, round(each.relevance_score, 4)) for each in page.results]


def _made_by_workers(shop: WorkerShop) -> int:
    return shop.status().counts["workers.pages"]


def test_pages_asked_for_together_are_those_of_a_page_alone_and_each_is_logged_once(
    shop: WorkerShop,
) -> None:
    alone = shop.page(QUERY)
    before = shop.status().counts
    pages = shop.at_once(_asked())
    assert [_shown(page) for page in pages] == [_shown(alone)] * len(pages)
    assert len({page.query_id for page in pages}) == len(pages)
    counts = shop.status().counts
    assert counts["workers.pages"] - before["workers.pages"] >= len(pages) // 2
    assert counts["pages"] - before["pages"] == len(pages)
    until(lambda: shop.status().counts["impressions.appended"] == shop.status().counts["pages"])
    assert not shop.status().counts["impressions.dropped"]


def test_a_write_is_read_at_once_through_any_process(shop: WorkerShop) -> None:
    for number in range(3):
        product = Product(product_id=f"own-{number}", title=f"Zephyrine lantern {number}")
        answer = CatalogServiceStub(shop.channel).UpsertProducts(
            iter([UpsertProductsRequest(product=product)]), timeout=60
        )
        asked = _asked(query=product.title, wait_for_visible=answer.log_position)
        for page in shop.at_once(asked):
            assert page.results[0].product.product_id == product.product_id


def test_an_event_changes_the_visitors_page_in_every_process(shop: WorkerShop) -> None:
    before = shop.page(QUERY, visitor_id="v1")
    seen = before.results[10].product.product_id
    event = UserEvent(
        event_id="e1", visitor_id="v1", action="click", query_id=before.query_id,
        products=[EventProduct(product_id=seen)],
    )  # fmt: skip
    acks = EventServiceStub(shop.channel).RecordEvents(RecordEventsRequest(events=[event]), timeout=60).acks
    assert [ack.status for ack in acks] == [EventStatus.EVENT_STATUS_ACCEPTED]
    until(lambda: _shown(shop.page(QUERY, visitor_id="v1")) != _shown(before))
    made = _made_by_workers(shop)
    alone = _shown(shop.page(QUERY, visitor_id="v1"))
    pages = shop.at_once(_asked(visitor_id="v1"))
    assert _made_by_workers(shop) > made
    assert all(not page.served_by.degraded for page in pages)
    assert [_shown(page) for page in pages] == [alone] * len(pages)


def test_later_pages_go_on_where_the_first_one_ended(shop: WorkerShop) -> None:
    whole = _shown(shop.page(QUERY, page_size=40))
    first = shop.at_once(_asked(page_size=20))
    next_ = [
        request for page in first for request in _asked(1, page_size=20, page_token=page.next_page_token)
    ]
    for one, two in zip(first, shop.at_once(next_), strict=True):
        assert two.query_id == one.query_id
        assert _shown(one) + _shown(two) == whole


def test_recommendations_are_made_by_workers_too(shop: WorkerShop) -> None:
    made = _made_by_workers(shop)
    stub = RecommendServiceStub(shop.channel)
    request = RecommendRequest(placement="popular", deadline_ms=PATIENT_MS)
    alone = stub.Recommend(request, timeout=60)
    calls = [stub.Recommend.future(request, timeout=60) for _ in range(12)]
    for call in calls:
        assert [each.product.product_id for each in call.result().results] == [
            each.product.product_id for each in alone.results
        ]
    assert _made_by_workers(shop) > made


def test_a_fault_in_a_request_is_named_as_by_one_process(shop: WorkerShop) -> None:
    with pytest.raises(grpc.RpcError, match="currency_code") as raised:
        shop.at_once(_asked(currency_code="euro"))
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_promoted_bundle_and_its_rollback_reach_every_process(shop: WorkerShop) -> None:
    copied_bundles(shop.data)
    for version in (SAME_HEADS, NEVER_PROMOTED, SAME_HEADS):
        set_current(shop.data / "bundles", version)
        until(partial(_all_rank_by, shop, version))
        pages = shop.at_once(_asked())
        assert {page.served_by.bundle_version for page in pages} == {version}


def _all_rank_by(shop: WorkerShop, version: str) -> bool:
    status = shop.status()
    return {status.bundle_version, *(each.status.bundle_version for each in status.replicas)} == {version}
