"""Writes that are applied only if the catalogue has nothing newer."""

import asyncio

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from aisle.v1.catalog_pb2 import (
    DeleteProductsRequest,
    Price,
    Product,
    UpsertProductsRequest,
    UpsertProductsResponse,
)
from services.gateway.catalog.catalog_service import CatalogService
from shared.errors import Unavailable
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.catalog.catalog_writes import (
    Shown,
    catalog_service,
    faults,
    send,
    shown_products,
    written,
)
from tests.unit.gateway.conftest import failing

__all__ = ["catalog_service", "shown_products"]


def at(seconds: int, title: str = "shoe", product_id: str = "p1", nanos: int = 0) -> UpsertProductsRequest:
    product = Product(product_id=product_id, title=title, update_time=Timestamp(seconds=seconds, nanos=nanos))
    return UpsertProductsRequest(product=product)


def priced(seconds: int, amount: float, product_id: str = "p1") -> UpsertProductsRequest:
    product = Product(
        product_id=product_id, price=Price(amount=amount), update_time=Timestamp(seconds=seconds)
    )
    return UpsertProductsRequest(product=product, update_mask=FieldMask(paths=["price"]))


def outdated(answer: UpsertProductsResponse) -> list[tuple[int, str]]:
    assert answer.not_applied_count == len(answer.not_applied)
    assert all("is older than that of the product" in each.reason for each in answer.not_applied)
    return [(each.position, each.field) for each in answer.not_applied]


async def test_an_older_product_than_the_one_that_is_shown_is_not_applied(
    catalog: CatalogService, shown: Shown, log: SqliteEventLog
) -> None:
    shown.products["p1"] = at(10).product
    answer = await send(catalog, at(9, "older"), at(10, "as old"), at(11, "newer"))
    assert outdated(answer) == [(1, "update_time")] and answer.accepted_count == 2
    assert answer.rejected_count == 0
    assert [each.product and each.product.title for each in await written(log)] == ["newer"]


async def test_the_order_within_a_call_is_seen(catalog: CatalogService) -> None:
    answer = await send(catalog, at(10), priced(8, 3.0), priced(12, 4.0), at(11), priced(12, 5.0))
    assert outdated(answer) == [(2, "update_time"), (4, "update_time")]
    assert answer.accepted_count == 3


async def test_what_this_gateway_wrote_is_known_before_it_is_shown(
    catalog: CatalogService, shown: Shown
) -> None:
    shown.products["p1"] = at(5).product
    await send(catalog, at(10))
    shown.later["p1"] = at(10).product
    assert outdated(await send(catalog, at(9))) == [(1, "update_time")]
    assert shown.fetches[-1].wait_for_visible == 1


async def test_a_removed_product_may_come_back_with_any_time(catalog: CatalogService, shown: Shown) -> None:
    shown.products["p1"] = at(10).product
    shown.gone.add("p1")
    await catalog.DeleteProducts(DeleteProductsRequest(product_ids=["p1"]))
    assert (await send(catalog, at(3))).accepted_count == 1


async def test_fields_and_products_without_a_time_are_always_applied(
    catalog: CatalogService, shown: Shown
) -> None:
    shown.products["p1"] = at(10).product
    mask = FieldMask(paths=["title"])
    without = UpsertProductsRequest(product=Product(product_id="p1", title="a"), update_mask=mask)
    whole = UpsertProductsRequest(product=Product(product_id="p1", title="b"))
    answer = await send(catalog, without, at(9), whole, at(9))
    assert outdated(answer) == [(2, "update_time")] and answer.accepted_count == 3


async def test_a_time_taken_away_by_the_mask_is_gone(catalog: CatalogService, shown: Shown) -> None:
    shown.products["p1"] = at(10).product
    away = UpsertProductsRequest(
        product=Product(product_id="p1"), update_mask=FieldMask(paths=["update_time"])
    )
    assert (await send(catalog, away, at(3))).accepted_count == 2


async def test_times_are_compared_to_the_microsecond(catalog: CatalogService, shown: Shown) -> None:
    shown.products["p1"] = at(10, nanos=123_457_000).product  # as a snapshot rounds it
    assert (await send(catalog, at(10, nanos=123_456_789))).accepted_count == 1
    assert outdated(await send(catalog, at(10, nanos=123_455_000))) == [(1, "update_time")]


async def test_of_states_that_come_at_once_the_log_has_the_newest_last(
    catalog: CatalogService, shown: Shown, log: SqliteEventLog
) -> None:
    shown.later["p1"] = at(30).product

    async def one(seconds: int) -> UpsertProductsResponse:
        return await send(catalog, at(seconds, f"at {seconds}"))

    answers = await asyncio.gather(*(one(seconds) for seconds in (30, 10, 20, 29, 11)))
    assert [each.accepted_count for each in answers] == [1, 0, 0, 0, 0]
    assert [each.product and each.product.title for each in await written(log)] == ["at 30"]


async def test_after_a_restart_earlier_writes_are_waited_for(shown: Shown, log: SqliteEventLog) -> None:
    await send(CatalogService(log, shown), at(10))
    shown.later["p1"] = at(10).product
    assert outdated(await send(CatalogService(log, shown), at(9))) == [(1, "update_time")]


async def test_while_it_cannot_be_known_whether_a_product_is_newer_nothing_is_written(
    catalog: CatalogService, shown: Shown, log: SqliteEventLog
) -> None:
    shown.fetch_trouble = failing(Unavailable("down"))
    with pytest.raises(Unavailable):
        await send(catalog, at(9))
    assert not await written(log)


async def test_an_invalid_time_is_named(catalog: CatalogService) -> None:
    assert faults(await send(catalog, at(10, nanos=10**9))) == [(1, "p1", "update_time")]
