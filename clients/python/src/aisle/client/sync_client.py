"""The client for blocking programs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar, Unpack

import grpc

from aisle.client.connection import DEFAULT_ADDRESS, DEFAULT_TIMEOUT_SECONDS, open_channel
from aisle.client.errors import InvalidRequest
from aisle.client.events import Outbox
from aisle.client.requests import (
    MAX_IDS,
    MAX_PRODUCTS,
    RecommendOptions,
    SearchOptions,
    batches,
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


class Client:
    """Calls the server at an address. It is a context manager, and any thread may use it.

    Every call raises the errors of aisle.client.errors, after the retries that the policy allows.
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
        """Connects with the first call.

        `credentials` are for TLS; without them the connection is not encrypted. `timeout_seconds`
        is the default for a call with its retries and pauses. With `read_your_writes`, searches and
        reads show all earlier writes of this client.
        """
        self._channel = open_channel(address, credentials)
        self._search = SearchServiceStub(self._channel)
        self._recommend = RecommendServiceStub(self._channel)
        self._catalog = CatalogServiceStub(self._channel)
        self._events = EventServiceStub(self._channel)
        self._admin = AdminServiceStub(self._channel)
        self._timeout_seconds = timeout_seconds
        self._retry_policy = retry_policy or RetryPolicy()
        self._own_writes = OwnWrites(read_your_writes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. Running calls fail."""
        self._channel.close()

    def search(
        self,
        query: str = "",
        *,
        timeout_seconds: float | None = None,
        **options: Unpack[SearchOptions],
    ) -> SearchResponse:
        """One page of products. An empty query browses.

        `options` are the fields of SearchRequest. `deadline_ms` limits the server's time for the
        page. `timeout_seconds` limits the wait for it, including retries and pauses.
        """
        return self._read(self._search.Search, SearchRequest(query=query, **options), timeout_seconds)

    def recommend(
        self,
        placement: str,
        product_ids: Iterable[str] = (),
        *,
        timeout_seconds: float | None = None,
        **options: Unpack[RecommendOptions],
    ) -> RecommendResponse:
        """One page of recommendations for a placement, such as "similar" or "for_you".

        `product_ids` are the products to go by: that of the page, or all of the cart. `options` are the
        other fields of RecommendRequest. `timeout_seconds` is as in `search`.
        """
        request = RecommendRequest(placement=placement, product_ids=product_ids, **options)
        return self._read(self._recommend.Recommend, request, timeout_seconds)

    def pages(
        self,
        query: str = "",
        *,
        timeout_seconds: float | None = None,
        **options: Unpack[SearchOptions],
    ) -> Iterator[SearchResponse]:
        """All pages, one after the other. No product is repeated.

        `timeout_seconds` applies to each page.
        """
        request = SearchRequest(query=query, **options)
        while True:
            page = self._read(self._search.Search, request, timeout_seconds)
            yield page
            if not page.next_page_token:
                return
            request = next_page(request, page.next_page_token)

    def get_product(
        self, product_id: str, *, wait_for_visible: int = 0, timeout_seconds: float | None = None
    ) -> Product:
        """A product as searches show it. Raises NotFound.

        `wait_for_visible` is the log_position of a write that must be shown first.
        """
        request = GetProductRequest(product_id=product_id, wait_for_visible=wait_for_visible)
        return self._read(self._catalog.GetProduct, request, timeout_seconds).product

    def upsert(
        self,
        products: Iterable[Product],
        *,
        update_mask: Sequence[str] = (),
        timeout_seconds: float | None = None,
    ) -> WriteResult:
        """Add or replace products, in batches. Accepted products are durable.

        Invalid products are listed, not raised. With `update_mask`, such as ["price"], only these
        fields are replaced. `timeout_seconds` applies to each batch.
        """

        def send(batch: list[Product], timeout: float | None) -> Any:
            return self._catalog.UpsertProducts(upserts(batch, update_mask), timeout=timeout)

        with self._own_writes.noted() as result:
            for batch in batches(products, MAX_PRODUCTS):
                result.add_upsert(self._call(send, batch, timeout_seconds))
        return result

    def delete(self, product_ids: Iterable[str], *, timeout_seconds: float | None = None) -> WriteResult:
        """Remove products with their variants, in batches. An unknown id is no error.

        Raises InvalidRequest if an id is invalid. The batches before it are removed then.
        `timeout_seconds` applies to each batch.
        """
        with self._own_writes.noted() as result:
            for batch in batches(product_ids, MAX_IDS):
                request = DeleteProductsRequest(product_ids=batch)
                result.add_delete(
                    len(batch), self._call(self._catalog.DeleteProducts, request, timeout_seconds)
                )
        return result

    def events(self, events: Iterable[UserEvent]) -> Iterator[EventAck]:
        """Send shoppers' events as they come. Yields an acknowledgement for each event, in order.

        An event without an event_id gets one. When the connection breaks, unacknowledged events are
        sent again. The server counts such an event once, and may acknowledge it as a duplicate. A
        rejected event is acknowledged as rejected. When all tries in a row fail, the error holds
        the unacknowledged events. `events` is read in another thread.
        """
        tries = Tries(self._retry_policy, None)
        with Outbox(events) as outbox:
            while True:
                call = self._events.StreamEvents(outbox.requests(outbox.begin()))
                try:
                    for response in call:
                        outbox.acknowledged()
                        tries.progressed()
                        yield response.ack
                    outbox.check()
                    return
                except grpc.RpcError as failed:
                    time.sleep(tries.pause_seconds(failed))
                finally:
                    call.cancel()

    def status(self, *, timeout_seconds: float | None = None) -> GetStatusResponse:
        """What the server serves, and by which processes."""
        return self._call(self._admin.GetStatus, GetStatusRequest(), timeout_seconds)

    def _read(
        self, method: Callable[..., Response], request: Read, timeout_seconds: float | None
    ) -> Response:
        self._own_writes.ask_for(request)
        try:
            return self._call(method, request, timeout_seconds)
        except InvalidRequest as error:
            if not self._own_writes.forget(request, error):
                raise
            return self._call(method, request, timeout_seconds)

    def _call(
        self, method: Callable[..., Response], request: object, timeout_seconds: float | None
    ) -> Response:
        tries = Tries(
            self._retry_policy,
            self._timeout_seconds if timeout_seconds is None else timeout_seconds,
        )
        while True:
            try:
                return method(request, timeout=tries.left_seconds())
            except grpc.RpcError as failed:
                time.sleep(tries.pause_seconds(failed))
