import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from services.gateway.catalog_view import LogCatalogView

from protos.catalog_pb2 import (
    DeleteProductsRequest,
    GetProductRequest,
    Price,
    Product,
    UpsertProductsRequest,
    UpsertProductsResponse,
)
from services.gateway.catalog_service import CatalogService
from shared.errors import InvalidRequest, NotFound, StorageFull
from shared.events.log import CATALOG
from shared.events.sqlite import SqliteEventLog


class Served:
    """A snapshot that contains the log up to a position."""

    def __init__(self) -> None:
        self.log_position, self.products = 0, {"old": Product(product_id="old", title="from the snapshot")}

    def payload(self, product_id: str) -> bytes | None:
        product = self.products.get(product_id)
        return product.SerializeToString() if product else None


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    opened = SqliteEventLog(tmp_path / "log.sqlite")
    yield opened
    await opened.close()


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def catalog(log: SqliteEventLog, served: Served) -> CatalogService:
    return CatalogService(log, LogCatalogView(log, served))


def shoe(product_id: str, title: str = "shoe") -> Product:
    return Product(product_id=product_id, title=title)


async def upsert(catalog: CatalogService, *products: Product) -> UpsertProductsResponse:
    async def stream() -> AsyncIterator[UpsertProductsRequest]:
        for product in products:
            yield UpsertProductsRequest(product=product)

    return await catalog.UpsertProducts(stream())


async def test_products_are_in_the_log_when_they_are_acknowledged(catalog: CatalogService, log: SqliteEventLog) -> None:
    answer = await upsert(catalog, *(shoe(f"p{number}") for number in range(1_200)))
    assert (answer.accepted_count, answer.rejected_count) == (1_200, 0)
    assert answer.log_position == await log.end_offset(CATALOG)
    assert [record.key for record in await log.read(CATALOG, 0, 2_000)] == [f"p{number}" for number in range(1_200)]


async def test_a_faulty_product_is_reported_and_the_rest_is_taken(catalog: CatalogService, log: SqliteEventLog) -> None:
    nan = Product(product_id="p3", title="x", price=Price(amount=math.nan))
    answer = await upsert(catalog, shoe("p1"), shoe("p2", title=""), nan, shoe("p4"))
    assert (answer.accepted_count, answer.rejected_count) == (2, 2)
    assert [(each.position, each.product_id, each.field) for each in answer.rejections] == [
        (2, "p2", "title"),
        (3, "p3", "price.amount"),
    ]
    assert all(each.reason for each in answer.rejections)
    assert [record.key for record in await log.read(CATALOG, 0)] == ["p1", "p4"]


async def test_at_most_a_thousand_rejections_are_listed(catalog: CatalogService) -> None:
    answer = await upsert(catalog, *(shoe(f"p{number}", title="") for number in range(1_001)))
    assert (answer.rejected_count, len(answer.rejections)) == (1_001, 1_000)


async def test_a_product_sent_twice_is_as_sent_last(catalog: CatalogService) -> None:
    await upsert(catalog, shoe("p1", "first"), shoe("p1", "second"))
    response = await catalog.GetProduct(GetProductRequest(product_id="p1"))
    assert response.product.title == "second"


async def test_an_empty_stream_changes_nothing(catalog: CatalogService) -> None:
    assert await upsert(catalog) == UpsertProductsResponse()


async def test_a_full_log_says_how_far_the_stream_was_handled(tmp_path: Path, served: Served) -> None:
    log = SqliteEventLog(tmp_path / "small.sqlite", max_bytes=400_000)
    catalog = CatalogService(log, LogCatalogView(log, served))
    with pytest.raises(StorageFull, match=r"free some space.*products 1 to \d+ of the stream were handled"):
        await upsert(catalog, *(shoe(f"p{number}", "x" * 900) for number in range(2_000)))
    assert (await catalog.GetProduct(GetProductRequest(product_id="old"))).product.title == "from the snapshot"
    await log.close()


async def test_a_written_product_is_searchable_once_the_snapshot_has_it(
    catalog: CatalogService, served: Served
) -> None:
    answer = await upsert(catalog, shoe("p1"))
    before = await catalog.GetProduct(GetProductRequest(product_id="p1"))
    served.log_position, served.products["p1"] = answer.log_position, shoe("p1")
    after = await catalog.GetProduct(GetProductRequest(product_id="p1"))
    assert (before.searchable, after.searchable) == (False, True)
    assert before.product == after.product == shoe("p1")


async def test_a_product_of_the_snapshot_alone_is_found(catalog: CatalogService) -> None:
    response = await catalog.GetProduct(GetProductRequest(product_id="old"))
    assert (response.product.title, response.searchable) == ("from the snapshot", True)


async def test_a_newer_write_hides_the_snapshots_state(catalog: CatalogService) -> None:
    await upsert(catalog, shoe("old", "new title"))
    response = await catalog.GetProduct(GetProductRequest(product_id="old"))
    assert (response.product.title, response.searchable) == ("new title", False)


@pytest.mark.parametrize("product_id", ["old", "p1", "never there"])
async def test_a_removed_product_is_not_found(catalog: CatalogService, product_id: str) -> None:
    await upsert(catalog, shoe("p1"))
    await catalog.DeleteProducts(DeleteProductsRequest(product_ids=[product_id]))
    with pytest.raises(NotFound, match=f"there is no product '{product_id}'"):
        await catalog.GetProduct(GetProductRequest(product_id=product_id))


async def test_a_removal_says_where_in_the_log_it_is(catalog: CatalogService, log: SqliteEventLog) -> None:
    response = await catalog.DeleteProducts(DeleteProductsRequest(product_ids=["a", "b"]))
    assert response.log_position == await log.end_offset(CATALOG) == 2


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
