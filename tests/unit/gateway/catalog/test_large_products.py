"""Fields of many large products are replaced in one stream."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import Product, UpsertProductsRequest
from aisle.v1.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse
from services.gateway.catalog.catalog_service import CatalogService
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.conftest import Retrieval

COUNT = 50
AT_A_TIME = 20


@dataclass
class Large(Retrieval):
    """Every product whose id is even; a message holds twenty of them."""

    asked: list[int] = field(default_factory=list)

    async def FetchProducts(
        self, request: FetchProductsRequest, context: Any = None
    ) -> FetchProductsResponse:
        assert request.max_bytes
        self.asked.append(len(request.product_ids))
        found = [
            Product(product_id=each, title="large") for each in request.product_ids if int(each) % 2 == 0
        ]
        return FetchProductsResponse(products=found[:AT_A_TIME], shortened=len(found) > AT_A_TIME)


async def requests() -> AsyncIterator[UpsertProductsRequest]:
    for number in range(2 * COUNT):
        product = Product(product_id=f"{number:03d}", title="new")
        yield UpsertProductsRequest(product=product, update_mask=FieldMask(paths=["title"]))


async def test_products_that_do_not_fit_into_one_message_come_in_several(
    log: SqliteEventLog,
) -> None:
    retrieval = Large()
    answer = await CatalogService(log, retrieval).UpsertProducts(requests())
    assert (answer.accepted_count, answer.rejected_count) == (COUNT, COUNT)
    assert {each.field for each in answer.rejections} == {"product_id"}
    assert all(int(each.product_id) % 2 for each in answer.rejections)
    assert max(retrieval.asked) <= 2 * COUNT and len(retrieval.asked) >= 3
