"""A catalogue service over a log, and what searches show."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import (
    Price,
    Product,
    UpsertProductsRequest,
    UpsertProductsResponse,
)
from aisle.v1.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse
from services.gateway.catalog.catalog_service import CatalogService
from shared.catalog import writes
from shared.catalog.writes import Write
from shared.events.log import CATALOG
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.conftest import Retrieval


@dataclass
class Shown(Retrieval):
    """The shown products: `later` once a call waits for them, and without those that are `gone`."""

    products: dict[str, Product] = field(default_factory=dict)
    later: dict[str, Product] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    fetches: list[FetchProductsRequest] = field(default_factory=list)

    async def FetchProducts(
        self, request: FetchProductsRequest, context: Any = None
    ) -> FetchProductsResponse:
        self.fetches.append(request)
        await self.fetch_trouble()
        if request.wait_for_visible:
            self.products |= self.later
            self.products = {
                each: product for each, product in self.products.items() if each not in self.gone
            }
        found = [self.products[each] for each in request.product_ids if each in self.products]
        return FetchProductsResponse(products=found, log_position=7)


@pytest.fixture(name="shown")
def shown_products() -> Shown:
    return Shown(
        products={"old": Product(product_id="old", title="from the snapshot", price=Price(amount=5))}
    )


@pytest.fixture(name="catalog")
def catalog_service(log: SqliteEventLog, shown: Shown) -> CatalogService:
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
