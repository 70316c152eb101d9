"""Writes to an engine in this process, and the results of later searches."""

from collections.abc import AsyncIterator, Iterable

from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import DeleteProductsRequest, Product, UpsertProductsRequest
from aisle.v1.search_pb2 import SearchRequest
from services.standalone.standalone import Standalone


async def send(engine: Standalone, products: Iterable[Product], fields: Iterable[str] = ()) -> int:
    """Upsert products, or some of their fields. Returns the log's position."""
    mask = FieldMask(paths=fields)

    async def stream() -> AsyncIterator[UpsertProductsRequest]:
        for product in products:
            yield UpsertProductsRequest(product=product, update_mask=mask)

    answer = await engine.catalog.UpsertProducts(stream())
    assert not answer.rejections
    return answer.log_position


async def upsert(engine: Standalone, product_id: str, title: str) -> int:
    return await send(engine, [Product(product_id=product_id, title=title)])


async def remove(engine: Standalone, *product_ids: str) -> int:
    return (await engine.catalog.DeleteProducts(DeleteProductsRequest(product_ids=product_ids))).log_position


async def found(engine: Standalone, word: str, wait_for: int = 0) -> str:
    """The first product with the word in its title. Empty if there is none."""
    request = SearchRequest(query=word, wait_for_visible=wait_for, deadline_ms=20_000, page_size=50)
    page = await engine.search.Search(request)
    return next((each.product.product_id for each in page.results if word in each.product.title.lower()), "")
