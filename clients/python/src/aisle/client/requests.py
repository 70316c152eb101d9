"""Builds requests: searches from keywords, and writes in batches."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from typing import TypedDict, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import Product, UpsertProductsRequest
from aisle.v1.search_pb2 import FacetRequest, Filter, SearchRequest, Tier, Variants

Item = TypeVar("Item")

MAX_PRODUCTS = 500  # of a call
MAX_PRODUCT_BYTES = 4 << 20  # of a call, and one product
MAX_IDS = 1_000  # of a call


class SearchOptions(TypedDict, total=False):
    """The fields of a SearchRequest except the query.

    protos/aisle/v1/search.proto describes each.
    """

    visitor_id: str
    user_id: str
    session_id: str
    page_size: int
    page_token: str
    filters: Iterable[Filter]
    where: str
    facets: Iterable[FacetRequest]
    order_by: str
    currency_code: str
    deadline_ms: int
    max_tier: Tier.ValueType
    explain: bool
    experiment_ids: Iterable[str]
    language_code: str
    wait_for_visible: int
    unlogged: bool
    variants: Variants.ValueType
    as_typed: Iterable[str]
    highlight: bool
    snippet_length: int
    why_not: Iterable[str]


class RecommendOptions(TypedDict, total=False):
    """The fields of a RecommendRequest except placement and product_ids.

    protos/aisle/v1/recommend.proto describes each.
    """

    visitor_id: str
    user_id: str
    session_id: str
    page_size: int
    page_token: str
    filters: Iterable[Filter]
    where: str
    exclude_product_ids: Iterable[str]
    deadline_ms: int
    explain: bool
    experiment_ids: Iterable[str]
    wait_for_visible: int
    unlogged: bool


def next_page(request: SearchRequest, page_token: str) -> SearchRequest:
    """The request for the next page."""
    following = SearchRequest()
    following.CopyFrom(request)
    following.page_token = page_token
    return following


def upserts(products: Iterable[Product], update_mask: Sequence[str]) -> Iterator[UpsertProductsRequest]:
    """The messages of a stream of products."""
    mask = FieldMask(paths=update_mask) if update_mask else None
    for product in products:
        yield UpsertProductsRequest(product=product, update_mask=mask)


class Batch(list[Item]):
    """The items of one call."""

    def __init__(self, max_items: int, max_bytes: int = MAX_PRODUCT_BYTES) -> None:
        super().__init__()
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._bytes = 0

    def add(self, item: Item) -> bool:
        """Add an item. Returns whether the batch is full."""
        self.append(item)
        self._bytes += item.ByteSize() if isinstance(item, Product) else 0
        return len(self) >= self._max_items or self._bytes >= self._max_bytes


def batches(items: Iterable[Item], max_items: int) -> Iterator[list[Item]]:
    """All items, in batches."""
    batch = Batch[Item](max_items)
    for item in items:
        if batch.add(item):
            yield batch
            batch = Batch[Item](max_items)
    if batch:
        yield batch


async def batches_async(
    items: Iterable[Item] | AsyncIterable[Item], max_items: int
) -> AsyncIterator[list[Item]]:
    """All items, in batches. See batches."""
    if not isinstance(items, AsyncIterable):
        for full in batches(items, max_items):
            yield full
        return
    batch = Batch[Item](max_items)
    async for item in items:
        if batch.add(item):
            yield batch
            batch = Batch[Item](max_items)
    if batch:
        yield batch
