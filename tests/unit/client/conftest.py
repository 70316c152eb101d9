"""A small engine behind a real gRPC server, and both clients with one face."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from aisle.client import AsyncClient, Client
from aisle.v1.admin_pb2 import GetStatusResponse
from aisle.v1.admin_pb2_grpc import AdminServiceServicer, add_AdminServiceServicer_to_server
from aisle.v1.catalog_pb2 import (
    DeleteProductsResponse,
    GetProductResponse,
    Product,
    ProductRejection,
    UpsertProductsResponse,
)
from aisle.v1.catalog_pb2_grpc import CatalogServiceServicer, add_CatalogServiceServicer_to_server
from aisle.v1.events_pb2 import (
    EVENT_STATUS_ACCEPTED,
    EVENT_STATUS_DUPLICATE,
    EventAck,
    StreamEventsResponse,
)
from aisle.v1.events_pb2_grpc import EventServiceServicer, add_EventServiceServicer_to_server
from aisle.v1.search_pb2 import SearchResponse, SearchResult
from aisle.v1.search_pb2_grpc import SearchServiceServicer, add_SearchServiceServicer_to_server
from shared.errors import AisleError, InvalidRequest
from shared.rpc.errors import to_status

PAGES = 3


class Engine(AdminServiceServicer, CatalogServiceServicer, EventServiceServicer, SearchServiceServicer):
    """Answers with what it was asked.

    `failures` are raised first, one a call; None lets a call through.
    """

    def __init__(self) -> None:
        self.failures: deque[AisleError | None] = deque()
        self.requests: list[Any] = []
        self.recorded: list[str] = []
        self.break_after = 0  # events, once
        self.log_end = 100
        self.refuses_streams = False

    def _begin(self, request: Any, context: Any) -> None:
        self.requests.append(request)
        if self.failures and (error := self.failures.popleft()):
            self._abort(error, context)

    def _abort(self, error: AisleError, context: Any) -> None:
        code, message, trailing = to_status(error)
        context.set_trailing_metadata(trailing)
        context.abort(code, message)

    def Search(self, request: Any, context: Any) -> SearchResponse:
        self._begin(request, context)
        if request.wait_for_visible > self.log_end:
            self._abort(InvalidRequest("wait_for_visible", "was never given"), context)
        page = int(request.page_token or 1)
        result = SearchResult(product=Product(product_id=f"p{page}", title=request.query), position=page)
        return SearchResponse(results=[result], next_page_token=str(page + 1) if page < PAGES else "")

    def GetProduct(self, request: Any, context: Any) -> GetProductResponse:
        self._begin(request, context)
        return GetProductResponse(product=Product(product_id=request.product_id))

    def UpsertProducts(self, requests: Any, context: Any) -> UpsertProductsResponse:
        if self.refuses_streams:
            self._abort(InvalidRequest("request", "refused at once"), context)
        taken = list(requests)
        self._begin(taken, context)
        faulty = [place for place, each in enumerate(taken, start=1) if not each.product.title]
        self.log_end += len(taken)
        return UpsertProductsResponse(
            accepted_count=len(taken) - len(faulty),
            rejected_count=len(faulty),
            rejections=[
                ProductRejection(position=place, field="title", reason="is required") for place in faulty
            ],
            log_position=self.log_end,
        )

    def DeleteProducts(self, request: Any, context: Any) -> DeleteProductsResponse:
        self._begin(request, context)
        self.log_end += 1
        return DeleteProductsResponse(log_position=self.log_end)

    def StreamEvents(self, requests: Any, context: Any) -> Iterator[StreamEventsResponse]:
        self._begin("stream", context)
        for count, request in enumerate(requests, start=1):
            event_id = request.event.event_id
            status = EVENT_STATUS_DUPLICATE if event_id in self.recorded else EVENT_STATUS_ACCEPTED
            self.recorded.append(event_id)
            if count == self.break_after:
                self.break_after = 0
                # Recorded, not acknowledged
                context.abort(grpc.StatusCode.UNAVAILABLE, "the connection broke")
            yield StreamEventsResponse(ack=EventAck(event_id=event_id, status=status))

    def RecordEvents(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    def GetStatus(self, request: Any, context: Any) -> GetStatusResponse:
        self._begin(request, context)
        return GetStatusResponse(product_count=7)


class Blocking:
    """AsyncClient, called as if it were Client."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

        async def made() -> AsyncClient:
            return AsyncClient(*arguments, **options)

        self._client = self._run(made())

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name in ("pages", "events"):
            return lambda *arguments, **options: self._each(method(*arguments, **options))
        return lambda *arguments, **options: self._run(method(*arguments, **options))

    def _each(self, generator: Any) -> Iterator[Any]:
        try:
            while True:
                try:
                    yield self._run(anext(generator))
                except StopAsyncIteration:
                    return
        finally:
            self._run(generator.aclose())

    def close(self) -> None:
        self._run(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def address(engine: Engine) -> Iterator[str]:
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool)
        for register in (
            add_AdminServiceServicer_to_server,
            add_CatalogServiceServicer_to_server,
            add_EventServiceServicer_to_server,
            add_SearchServiceServicer_to_server,
        ):
            register(engine, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(0).wait()


@pytest.fixture(params=[Client, Blocking])
def connect(request: pytest.FixtureRequest, address: str) -> Iterator[Any]:
    """Makes clients: connect(read_your_writes=True)."""
    made: list[Any] = []

    def make(**options: Any) -> Any:
        made.append(request.param(options.pop("address", address), **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(connect: Any) -> Any:
    return connect()
