"""The client for asyncio programs. Client documents its calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Self, TypeVar, Unpack

import grpc
from grpc import aio

from aisle.client.async_ending import Ending
from aisle.client.connection import DEFAULT_ADDRESS, DEFAULT_TIMEOUT_SECONDS, open_async_channel
from aisle.client.errors import InvalidRequest
from aisle.client.events import AsyncOutbox
from aisle.client.requests import (
    MAX_IDS,
    MAX_PRODUCTS,
    RecommendOptions,
    SearchOptions,
    batches_async,
    next_page,
    upserts,
)
from aisle.client.retries import RetryPolicy, Tries
from aisle.client.write_result import WriteResult
from aisle.client.writes import OwnWrites
from aisle.v1.admin_pb2 import GetStatusRequest, GetStatusResponse
from aisle.v1.admin_pb2_grpc import AdminServiceStub
from aisle.v1.catalog_pb2 import DeleteProductsRequest, GetProductRequest, Product
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EventAck, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.recommend_pb2 import RecommendRequest, RecommendResponse
from aisle.v1.recommend_pb2_grpc import RecommendServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub

Response = TypeVar("Response")
Read = TypeVar("Read", SearchRequest, RecommendRequest, GetProductRequest)


class AsyncClient:
    """Calls the server at an address.

    It is an asynchronous context manager, for use in one event loop. Every call raises the errors
    of aisle.client.errors, after the retries that the policy allows.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        retry_policy: RetryPolicy | None = None,
        read_your_writes: bool = False,
    ) -> None:
        """See Client."""
        self._channel = open_async_channel(address, credentials)
        self._search = SearchServiceStub(self._channel)
        self._recommend = RecommendServiceStub(self._channel)
        self._catalog = CatalogServiceStub(self._channel)
        self._events = EventServiceStub(self._channel)
        self._admin = AdminServiceStub(self._channel)
        self._timeout_seconds = timeout_seconds
        self._retry_policy = retry_policy or RetryPolicy()
        self._own_writes = OwnWrites(read_your_writes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """See Client.close."""
        await self._channel.close()

    async def search(
        self,
        query: str = "",
        *,
        timeout_seconds: float | None = None,
        **options: Unpack[SearchOptions],
    ) -> SearchResponse:
        """See Client.search."""
        return await self._read(self._search.Search, SearchRequest(query=query, **options), timeout_seconds)

    async def recommend(
        self,
        placement: str,
        product_ids: Iterable[str] = (),
        *,
        timeout_seconds: float | None = None,
        **options: Unpack[RecommendOptions],
    ) -> RecommendResponse:
        """See Client.recommend."""
        request = RecommendRequest(placement=placement, product_ids=product_ids, **options)
        return await self._read(self._recommend.Recommend, request, timeout_seconds)

    async def pages(
        self,
        query: str = "",
        *,
        timeout_seconds: float | None = None,
        **options: Unpack[SearchOptions],
    ) -> AsyncIterator[SearchResponse]:
        """See Client.pages."""
        request = SearchRequest(query=query, **options)
        while True:
            page = await self._read(self._search.Search, request, timeout_seconds)
            yield page
            if not page.next_page_token:
                return
            request = next_page(request, page.next_page_token)

    async def get_product(
        self, product_id: str, *, wait_for_visible: int = 0, timeout_seconds: float | None = None
    ) -> Product:
        """See Client.get_product."""
        request = GetProductRequest(product_id=product_id, wait_for_visible=wait_for_visible)
        return (await self._read(self._catalog.GetProduct, request, timeout_seconds)).product

    async def upsert(
        self,
        products: Iterable[Product] | AsyncIterable[Product],
        *,
        update_mask: Sequence[str] = (),
        timeout_seconds: float | None = None,
    ) -> WriteResult:
        """See Client.upsert."""

        def send(batch: list[Product], timeout: float | None) -> Any:
            return self._catalog.UpsertProducts(upserts(batch, update_mask), timeout=timeout)

        with self._own_writes.noted() as result:
            async for batch in batches_async(products, MAX_PRODUCTS):
                result.add_upsert(await self._call(send, batch, timeout_seconds))
        return result

    async def delete(
        self,
        product_ids: Iterable[str] | AsyncIterable[str],
        *,
        timeout_seconds: float | None = None,
    ) -> WriteResult:
        """See Client.delete."""
        with self._own_writes.noted() as result:
            async for batch in batches_async(product_ids, MAX_IDS):
                request = DeleteProductsRequest(product_ids=batch)
                result.add_delete(
                    len(batch),
                    await self._call(self._catalog.DeleteProducts, request, timeout_seconds),
                )
        return result

    async def events(self, events: Iterable[UserEvent] | AsyncIterable[UserEvent]) -> AsyncIterator[EventAck]:
        """See Client.events. `events` is read in the event loop."""
        tries = Tries(self._retry_policy, None)
        with AsyncOutbox(events) as outbox:
            while True:
                call = self._events.StreamEvents(outbox.requests(outbox.begin()))
                ending = Ending(call)
                try:
                    async for response in call:
                        outbox.acknowledged()
                        tries.progressed()
                        yield response.ack
                    outbox.check()
                    return
                except aio.AioRpcError as failed:
                    await asyncio.sleep(tries.pause_seconds(await ending.failure(failed)))
                finally:
                    call.cancel()

    async def status(self, *, timeout_seconds: float | None = None) -> GetStatusResponse:
        """See Client.status."""
        return await self._call(self._admin.GetStatus, GetStatusRequest(), timeout_seconds)

    async def _read(
        self,
        method: Callable[..., Awaitable[Response]],
        request: Read,
        timeout_seconds: float | None,
    ) -> Response:
        self._own_writes.ask_for(request)
        try:
            return await self._call(method, request, timeout_seconds)
        except InvalidRequest as error:
            if not self._own_writes.forget(request, error):
                raise
            return await self._call(method, request, timeout_seconds)

    async def _call(
        self,
        method: Callable[..., Awaitable[Response]],
        request: object,
        timeout_seconds: float | None,
    ) -> Response:
        tries = Tries(
            self._retry_policy,
            self._timeout_seconds if timeout_seconds is None else timeout_seconds,
        )
        while True:
            call = method(request, timeout=tries.left_seconds())
            ending = Ending(call)
            try:
                return await call
            except aio.AioRpcError as failed:
                await asyncio.sleep(tries.pause_seconds(await ending.failure(failed)))
