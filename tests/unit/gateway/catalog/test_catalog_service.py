import math
from pathlib import Path

import pytest

from aisle.v1.catalog_pb2 import (
    DeleteProductsRequest,
    GetProductRequest,
    Price,
    Product,
    UpsertProductsResponse,
)
from services.gateway.catalog.catalog_service import CatalogService
from shared.catalog.acceptance import MAX_PRODUCT_BYTES
from shared.errors import InvalidRequest, NotFound, StorageFull, Unavailable
from shared.events.log import CATALOG
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.catalog.catalog_writes import (
    Shown,
    catalog_service,
    faults,
    shoe,
    shown_products,
    upsert,
    written,
)

__all__ = ["catalog_service", "shown_products"]


async def test_products_are_in_the_log_when_they_are_acknowledged(
    catalog: CatalogService, log: SqliteEventLog
) -> None:
    answer = await upsert(catalog, *(shoe(f"p{number}") for number in range(1_200)))
    assert (answer.accepted_count, answer.rejected_count) == (1_200, 0)
    assert answer.log_position == await log.end_offset(CATALOG)
    assert [record.key for record in await log.read(CATALOG, 0, 2_000)] == [
        f"p{number}" for number in range(1_200)
    ]


async def test_a_faulty_product_is_reported_and_the_rest_is_taken(
    catalog: CatalogService, log: SqliteEventLog
) -> None:
    nan = Product(product_id="p3", title="x", price=Price(amount=math.nan))
    answer = await upsert(catalog, shoe("p1"), shoe("p2", title=""), nan, shoe("p4"))
    assert (answer.accepted_count, answer.rejected_count) == (2, 2)
    assert faults(answer) == [(2, "p2", "title"), (3, "p3", "price.amount")]
    assert [each.product_id for each in await written(log)] == ["p1", "p4"]


async def test_at_most_a_thousand_rejections_are_listed(catalog: CatalogService) -> None:
    answer = await upsert(catalog, *(shoe(f"p{number}", title="") for number in range(1_001)))
    assert (answer.rejected_count, len(answer.rejections)) == (1_001, 1_000)
    assert answer.rejections[-1].position == 1_000


async def test_a_product_that_no_record_can_hold_is_refused_alone(
    catalog: CatalogService, log: SqliteEventLog
) -> None:
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
    with pytest.raises(
        StorageFull, match=r"free some space.*products 1 to [1-9]\d* of the stream were handled"
    ):
        await upsert(catalog, *(shoe(f"p{number}", "x" * 900) for number in range(2_000)))
    assert (
        await catalog.GetProduct(GetProductRequest(product_id="old"))
    ).product.title == "from the snapshot"
    await log.close()


async def test_a_log_that_takes_nothing_says_so(tmp_path: Path, shown: Shown) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    await log.close()
    with pytest.raises(Unavailable, match="no product of the stream was handled: send the rest again"):
        await upsert(CatalogService(log, shown), shoe("p1"))


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
    assert response.log_position == await log.end_offset(CATALOG) == 4  # two records each
    assert [(each.product_id, each.product) for each in await written(log)] == [
        (name, None) for name in "aabb"
    ]


@pytest.mark.parametrize(
    ("product_ids", "message"),
    [
        ([], "product_ids: has 0"),
        (["a"] * 10_001, "has 10001"),
        (["a", "b\n"], r"product_ids\[1\]: has control"),
    ],
)
async def test_a_removal_that_makes_no_sense_is_refused(
    catalog: CatalogService, product_ids: list[str], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        await catalog.DeleteProducts(DeleteProductsRequest(product_ids=product_ids))


async def test_a_product_without_an_id_cannot_be_read(catalog: CatalogService) -> None:
    with pytest.raises(InvalidRequest, match="product_id: is required"):
        await catalog.GetProduct(GetProductRequest())
