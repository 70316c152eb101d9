import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from protos.catalog_pb2 import (
    PRODUCT_TYPE_VARIANT,
    DeleteProductsRequest,
    GetProductRequest,
    Price,
    Product,
    UpsertProductsRequest,
    UpsertProductsResponse,
)
from protos.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse
from services.gateway.catalog_service import CatalogService
from services.gateway.upserts import MAX_PRODUCT_BYTES
from shared.catalog import writes
from shared.catalog.writes import Write
from shared.errors import InvalidRequest, NotFound, StorageFull, Unavailable
from shared.events.log import CATALOG
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.conftest import Retrieval


@dataclass
class Shown(Retrieval):
    """What searches show: `later` once somebody waits for it."""

    products: dict[str, Product] = field(default_factory=dict)
    later: dict[str, Product] = field(default_factory=dict)
    fetches: list[FetchProductsRequest] = field(default_factory=list)

    async def FetchProducts(self, request: FetchProductsRequest, context: Any = None) -> FetchProductsResponse:
        self.fetches.append(request)
        await self.fetch_trouble()
        if request.wait_for_visible:
            self.products |= self.later
        found = [self.products[each] for each in request.product_ids if each in self.products]
        return FetchProductsResponse(products=found, log_position=7)


@pytest.fixture
def shown() -> Shown:
    return Shown(products={"old": Product(product_id="old", title="from the snapshot", price=Price(amount=5))})


@pytest.fixture
def catalog(log: SqliteEventLog, shown: Shown) -> CatalogService:
    return CatalogService(log, shown)


def shoe(product_id: str, title: str = "shoe", **fields: Any) -> Product:
    return Product(product_id=product_id, title=title, **fields)


def only(*fields: str, **values: Any) -> UpsertProductsRequest:
    return UpsertProductsRequest(product=Product(**values), update_mask=FieldMask(paths=fields))


async def send(catalog: CatalogService, *requests: UpsertProductsRequest) -> UpsertProductsResponse:
    async def stream() -> AsyncIterator[UpsertProductsRequest]:
        for request in requests:
            yield request

    return await catalog.UpsertProducts(stream())


async def upsert(catalog: CatalogService, *products: Product) -> UpsertProductsResponse:
    return await send(catalog, *(UpsertProductsRequest(product=product) for product in products))


async def written(log: SqliteEventLog) -> Sequence[Write]:
    return [writes.from_record(record) for record in await log.read(CATALOG, 0)]


def faults(answer: UpsertProductsResponse) -> list[tuple[int, str, str]]:
    assert all(each.reason for each in answer.rejections)
    return [(each.position, each.product_id, each.field) for each in answer.rejections]


async def test_products_are_in_the_log_when_they_are_acknowledged(catalog: CatalogService, log: SqliteEventLog) -> None:
    answer = await upsert(catalog, *(shoe(f"p{number}") for number in range(1_200)))
    assert (answer.accepted_count, answer.rejected_count) == (1_200, 0)
    assert answer.log_position == await log.end_offset(CATALOG)
    assert [record.key for record in await log.read(CATALOG, 0, 2_000)] == [f"p{number}" for number in range(1_200)]


async def test_a_faulty_product_is_reported_and_the_rest_is_taken(catalog: CatalogService, log: SqliteEventLog) -> None:
    nan = Product(product_id="p3", title="x", price=Price(amount=math.nan))
    answer = await upsert(catalog, shoe("p1"), shoe("p2", title=""), nan, shoe("p4"))
    assert (answer.accepted_count, answer.rejected_count) == (2, 2)
    assert faults(answer) == [(2, "p2", "title"), (3, "p3", "price.amount")]
    assert [each.product_id for each in await written(log)] == ["p1", "p4"]


async def test_at_most_a_thousand_rejections_are_listed(catalog: CatalogService) -> None:
    answer = await upsert(catalog, *(shoe(f"p{number}", title="") for number in range(1_001)))
    assert (answer.rejected_count, len(answer.rejections)) == (1_001, 1_000)
    assert answer.rejections[-1].position == 1_000


async def test_a_product_that_no_record_can_hold_is_refused_alone(catalog: CatalogService, log: SqliteEventLog) -> None:
    large = shoe("p1")
    for number in range(50):
        large.attributes[f"a{number}"].text.append("x" * 19_999)
    assert large.ByteSize() > MAX_PRODUCT_BYTES
    answer = await upsert(catalog, large, shoe("p2"))
    assert faults(answer) == [(1, "p1", "product")]
    assert [each.product_id for each in await written(log)] == ["p2"]


async def test_an_empty_stream_changes_nothing(catalog: CatalogService) -> None:
    assert await upsert(catalog) == UpsertProductsResponse()


async def test_a_full_log_says_how_far_the_stream_was_handled(tmp_path: Path, shown: Shown) -> None:
    log = SqliteEventLog(tmp_path / "small.sqlite", max_bytes=700_000)
    catalog = CatalogService(log, shown)
    with pytest.raises(StorageFull, match=r"free some space.*products 1 to [1-9]\d* of the stream were handled"):
        await upsert(catalog, *(shoe(f"p{number}", "x" * 900) for number in range(2_000)))
    assert (await catalog.GetProduct(GetProductRequest(product_id="old"))).product.title == "from the snapshot"
    await log.close()


async def test_a_log_that_takes_nothing_says_so(tmp_path: Path, shown: Shown) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    await log.close()
    with pytest.raises(Unavailable, match="no product of the stream was handled: send the rest again"):
        await upsert(CatalogService(log, shown), shoe("p1"))


async def test_a_single_field_is_written_without_the_others(catalog: CatalogService, log: SqliteEventLog) -> None:
    answer = await send(catalog, only("price", "tags", product_id="old", title="no", price=Price(amount=4)))
    assert (answer.accepted_count, answer.log_position) == (1, 2)
    price, tags = await written(log)
    assert (price.product_id, price.field, tags.field) == ("old", "price", "tags")
    assert price.product and (price.product.price, price.product.title) == (4.0, "")
    assert tags.product and tags.product.tags == ()


async def test_a_field_of_an_unknown_product_is_refused(catalog: CatalogService, log: SqliteEventLog) -> None:
    answer = await send(catalog, only("price", product_id="nobody", price=Price(amount=4)))
    assert faults(answer) == [(1, "nobody", "product_id")]
    assert not await written(log)


async def test_a_field_of_a_product_that_was_just_written_waits_until_it_is_shown(
    catalog: CatalogService, shown: Shown
) -> None:
    answer = await upsert(catalog, shoe("p1"))
    shown.later["p1"] = shoe("p1")
    assert (await send(catalog, only("price", product_id="p1", price=Price(amount=4)))).accepted_count == 1
    assert shown.fetches[-1].wait_for_visible == answer.log_position


async def test_fields_may_follow_their_product_in_one_stream(catalog: CatalogService, log: SqliteEventLog) -> None:
    whole = UpsertProductsRequest(product=shoe("p1"))
    answer = await send(catalog, whole, only("price", product_id="p1", price=Price(amount=4)))
    assert (answer.accepted_count, len(await written(log))) == (2, 2)


@pytest.mark.parametrize("path", ["price.amount", "product_id", "colour", ""])
async def test_a_field_that_cannot_be_replaced_is_named(catalog: CatalogService, path: str) -> None:
    answer = await send(catalog, only(path, product_id="old"))
    assert faults(answer) == [(1, "old", "update_mask")]
    assert f"{path!r} cannot be replaced; use top-level fields" in answer.rejections[0].reason


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (only("title", product_id="old"), "title"),
        (only("price", product_id="old", price=Price(amount=-1)), "price.amount"),
        (only("type", product_id="old", type=PRODUCT_TYPE_VARIANT), "primary_product_id"),
    ],
)
async def test_the_product_must_be_valid_with_the_new_field(
    catalog: CatalogService, request_: UpsertProductsRequest, fault: str
) -> None:
    assert faults(await send(catalog, request_)) == [(1, "old", fault)]


async def test_without_retrieval_whole_products_are_taken_and_fields_are_not(
    catalog: CatalogService, shown: Shown
) -> None:
    async def down() -> None:
        raise Unavailable("retrieval is down")

    shown.fetch_trouble = down
    assert (await upsert(catalog, shoe("p1"))).accepted_count == 1
    with pytest.raises(Unavailable, match="retrieval is down; no product of the stream was handled"):
        await send(catalog, only("price", product_id="old", price=Price(amount=4)))


async def test_a_product_is_read_as_searches_show_it(catalog: CatalogService, shown: Shown) -> None:
    await upsert(catalog, *(shoe(f"p{number}") for number in range(5)))
    response = await catalog.GetProduct(GetProductRequest(product_id="old", wait_for_visible=5))
    assert (response.product.title, response.log_position) == ("from the snapshot", 7)
    assert shown.fetches[-1].wait_for_visible == 5 and 0 < shown.fetches[-1].budget_ms <= 30_000


async def test_a_wait_ends_before_the_callers_own_deadline(catalog: CatalogService, shown: Shown) -> None:
    class Call:
        def time_remaining(self) -> float:
            return 2.0

        def peer(self) -> str:
            return "ipv4:10.0.0.1:4711"

    await upsert(catalog, *(shoe(f"p{number}") for number in range(5)))
    await catalog.GetProduct(GetProductRequest(product_id="old", wait_for_visible=5), Call())
    assert 1_000 < shown.fetches[-1].budget_ms < 2_000


async def test_a_product_that_is_not_shown_is_not_found(catalog: CatalogService) -> None:
    with pytest.raises(NotFound, match="there is no product 'never there'"):
        await catalog.GetProduct(GetProductRequest(product_id="never there"))


async def test_a_removal_says_where_in_the_log_it_is(catalog: CatalogService, log: SqliteEventLog) -> None:
    response = await catalog.DeleteProducts(DeleteProductsRequest(product_ids=["a", "b"]))
    assert response.log_position == await log.end_offset(CATALOG) == 2
    assert [(each.product_id, each.product) for each in await written(log)] == [("a", None), ("b", None)]


@pytest.mark.parametrize(
    ("product_ids", "message"),
    [([], "product_ids: has 0"), (["a"] * 10_001, "has 10001"), (["a", "b\n"], r"product_ids\[1\]: has control")],
)
async def test_a_removal_that_makes_no_sense_is_refused(
    catalog: CatalogService, product_ids: list[str], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        await catalog.DeleteProducts(DeleteProductsRequest(product_ids=product_ids))


async def test_a_product_without_an_id_cannot_be_read(catalog: CatalogService) -> None:
    with pytest.raises(InvalidRequest, match="product_id: is required"):
        await catalog.GetProduct(GetProductRequest())
