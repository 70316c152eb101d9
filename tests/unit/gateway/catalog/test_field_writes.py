import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import (
    PRODUCT_TYPE_VARIANT,
    DeleteProductsRequest,
    Price,
    Product,
    UpsertProductsRequest,
)
from services.gateway.catalog.catalog_service import CatalogService
from shared.errors import Unavailable
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.catalog.catalog_writes import (
    Shown,
    catalog_service,
    faults,
    only,
    send,
    shoe,
    shown_products,
    upsert,
    written,
)

__all__ = ["catalog_service", "shown_products"]


async def test_a_single_field_is_written_without_the_others(
    catalog: CatalogService, log: SqliteEventLog
) -> None:
    answer = await send(catalog, only("price", "tags", product_id="old", title="no", price=Price(amount=4)))
    assert (answer.accepted_count, answer.log_position) == (1, 1)
    (write,) = await written(log)  # a single record: they are taken in together or not at all
    assert (write.product_id, write.fields) == ("old", ("price.amount", "tags"))
    assert write.product and (write.product.price, write.product.title, write.product.tags) == (
        4.0,
        "",
        (),
    )


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


async def test_fields_may_follow_their_product_in_one_stream(
    catalog: CatalogService, log: SqliteEventLog
) -> None:
    whole = UpsertProductsRequest(product=shoe("p1"))
    answer = await send(catalog, whole, only("price", product_id="p1", price=Price(amount=4)))
    assert (answer.accepted_count, len(await written(log))) == (2, 2)


async def test_members_that_are_not_sent_stay(catalog: CatalogService, log: SqliteEventLog) -> None:
    product = Product(product_id="old", price=Price(amount=4, currency_code="EUR"))
    product.attributes["color"].text.append("red")
    update = UpsertProductsRequest(product=product, update_mask=FieldMask(paths=["price", "attributes"]))
    assert (await send(catalog, update)).accepted_count == 1
    (write,) = await written(log)
    assert set(write.fields) == {"price.amount", "price.currency_code", "attributes.color"}


async def test_a_field_is_judged_anew_once_what_was_written_before_is_shown(
    catalog: CatalogService, shown: Shown
) -> None:
    """By the shown products it would be a variant without a primary product."""
    await upsert(catalog, shoe("another"))
    shown.later["old"] = shoe("old", primary_product_id="p")
    answer = await send(catalog, only("type", product_id="old", type=PRODUCT_TYPE_VARIANT))
    assert answer.accepted_count == 1 and len(shown.fetches) == 2
    del shown.later["old"]
    shown.products["old"] = shoe("old")
    answer = await send(catalog, only("type", product_id="old", type=PRODUCT_TYPE_VARIANT))
    assert faults(answer) == [(1, "old", "primary_product_id")]


async def test_a_value_that_no_product_may_have_is_refused_without_waiting(
    catalog: CatalogService, shown: Shown
) -> None:
    answer = await send(catalog, only("price", product_id="old", price=Price(amount=-1)))
    assert faults(answer) == [(1, "old", "price.amount")] and len(shown.fetches) == 1


async def test_after_a_removal_a_field_is_refused_although_the_product_is_shown_still(
    catalog: CatalogService, shown: Shown, log: SqliteEventLog
) -> None:
    await catalog.DeleteProducts(DeleteProductsRequest(product_ids=["old"]))
    answer = send(catalog, only("price", product_id="old", price=Price(amount=4)))
    shown.gone.add("old")  # once somebody waits for the removal
    assert faults(await answer) == [(1, "old", "product_id")]
    assert [each.is_removal for each in await written(log)] == [True, True]
    await upsert(catalog, shoe("old"))
    shown.products["old"] = shoe("old")
    fetches = len(shown.fetches)
    assert (await send(catalog, only("price", product_id="old", price=Price(amount=4)))).accepted_count == 1
    assert len(shown.fetches) == fetches + 1


async def test_more_fields_than_a_record_has_room_for_are_refused(catalog: CatalogService) -> None:
    paths = [f"attributes.{number}" for number in range(1_001)]
    answer = await send(catalog, only(*paths, product_id="old"))
    assert faults(answer) == [(1, "old", "update_mask")]


@pytest.mark.parametrize("path", ["price.cents", "product_id", "colour", "attributes.", ""])
async def test_a_field_that_cannot_be_replaced_is_named(catalog: CatalogService, path: str) -> None:
    answer = await send(catalog, only(path, product_id="old"))
    assert faults(answer) == [(1, "old", "update_mask")]
    assert f"{path!r} cannot be replaced; use type, " in answer.rejections[0].reason


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
