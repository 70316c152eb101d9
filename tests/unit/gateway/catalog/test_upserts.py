import math
from typing import cast

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import Price, Product, UpsertProductsRequest
from aisle.v1.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse
from services.gateway.catalog.shown_products import ShownProducts
from services.gateway.catalog.upserts import Fault, outcomes
from services.gateway.ports import Retrieval
from tests.unit.feedback.memory_log import MemoryEventLog


class Products:
    """A retrieval that shows these products."""

    def __init__(self, *products: Product) -> None:
        self.products = products

    async def FetchProducts(self, request: FetchProductsRequest) -> FetchProductsResponse:
        return FetchProductsResponse(products=self.products)


def _shown(*products: Product) -> ShownProducts:
    return ShownProducts(MemoryEventLog(), cast(Retrieval, Products(*products)))


def _with_nanos(nanos: int) -> Product:
    product = Product(product_id="p1", title="shoe")
    product.publish_time.nanos = nanos
    return product


def _with_both_kinds() -> Product:
    product = Product(product_id="p1", title="shoe")
    product.attributes["size"].text.append("L")
    product.attributes["size"].numbers.append(math.nan)
    return product


@pytest.mark.parametrize(
    ("product", "field"),
    [
        (_with_nanos(-5), "publish_time"),
        (_with_nanos(1_000_000_000), "publish_time"),
        (_with_both_kinds(), "attributes.size"),
        (Product(product_id="p\x85", title="shoe"), "product_id"),
        (Product(product_id="p1", title="x", price=Price(amount=1e308)), "price.amount"),
        (Product(product_id="p1", title="x", categories=[">".join("x" * 21)]), "categories"),
        (Product(product_id="p1", title="x", tags=["x" * (4 << 20)]), "product"),
    ],
)
async def test_what_a_message_can_hold_and_a_product_cannot_is_refused(product: Product, field: str) -> None:
    [fault] = await outcomes([UpsertProductsRequest(product=product)], _shown())
    assert isinstance(fault, Fault) and fault.field == field


async def test_a_field_with_a_timestamp_that_is_none_is_refused() -> None:
    request = UpsertProductsRequest(product=_with_nanos(-5), update_mask=FieldMask(paths=["publish_time"]))
    [fault] = await outcomes([request], _shown(Product(product_id="p1", title="shoe")))
    assert isinstance(fault, Fault) and fault.field == "publish_time"
