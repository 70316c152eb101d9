"""One caller's requests leave room for those of others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc import aio

from aisle.v1.catalog_pb2 import (
    DeleteProductsRequest,
    DeleteProductsResponse,
    GetProductRequest,
    GetProductResponse,
    UpsertProductsResponse,
)
from aisle.v1.catalog_pb2_grpc import (
    CatalogServiceServicer,
    CatalogServiceStub,
    add_CatalogServiceServicer_to_server,
)
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import (
    SearchServiceServicer,
    SearchServiceStub,
    add_SearchServiceServicer_to_server,
)
from shared.rpc.guard import Guard
from shared.rpc.request_budget import RequestBudget
from shared.rpc.request_limits import RequestLimit
from shared.rpc.server import Register, Server

SEARCH = "/aisle.v1.SearchService/Search"
MIB = 1 << 20


class Shop(SearchServiceServicer):
    """Answers a search once `open` is set."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    async def Search(self, request: SearchRequest, context: Any = None) -> SearchResponse:
        await self.open.wait()
        return SearchResponse(query_id=str(len(request.query)))


class Catalog(CatalogServiceServicer):
    async def UpsertProducts(self, requests: Any, context: Any = None) -> UpsertProductsResponse:
        raise NotImplementedError

    async def GetProduct(self, request: GetProductRequest, context: Any = None) -> GetProductResponse:
        raise NotImplementedError

    async def DeleteProducts(
        self, request: DeleteProductsRequest, context: Any = None
    ) -> DeleteProductsResponse:
        return DeleteProductsResponse(log_position=len(request.product_ids))


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Shop, str]]:
    shop = Shop()
    services: list[tuple[str, Register, Any]] = [
        ("aisle.v1.SearchService", add_SearchServiceServicer_to_server, shop),
        ("aisle.v1.CatalogService", add_CatalogServiceServicer_to_server, Catalog()),
    ]
    server = Server(services, port=0, host="127.0.0.1")
    await server.start()
    yield shop, f"127.0.0.1:{server.port}"
    await server.stop(grace_seconds=0)


def channel(address: str, compression: grpc.Compression | None = None) -> aio.Channel:
    options = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    return aio.insecure_channel(address, options, compression)


async def refusal(call: Any) -> aio.AioRpcError:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_each_method_has_a_size_of_its_own(shop: tuple[Shop, str]) -> None:
    async with channel(shop[1]) as opened:
        large = SearchRequest(query="x" * 2 * MIB)
        error = await refusal(SearchServiceStub(opened).Search(large))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "takes 1,024 KiB at most" in str(error.details())
        deleted = DeleteProductsRequest(product_ids=["x" * 2_000] * 1_000)
        assert (await CatalogServiceStub(opened).DeleteProducts(deleted)).log_position == 1_000


async def test_a_compressed_request_is_answered_and_a_compressed_bomb_is_not(
    shop: tuple[Shop, str],
) -> None:
    async with channel(shop[1], grpc.Compression.Gzip) as opened:
        stub = SearchServiceStub(opened)
        assert (await stub.Search(SearchRequest(query="lamp" * 1_000))).query_id == "4000"
        error = await refusal(stub.Search(SearchRequest(query="x" * 30 * MIB)))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "when it is decompressed" in str(error.details())


@asynccontextmanager
async def limited(limit: RequestLimit, shop: Shop) -> AsyncIterator[str]:
    server = aio.server(interceptors=[Guard(RequestBudget(), lambda _: limit)])
    add_SearchServiceServicer_to_server(shop, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


async def test_one_call_too_many_is_refused_at_once_and_takes_no_place() -> None:
    shop = Shop()
    shop.open.clear()
    async with limited(RequestLimit(at_once=2), shop) as address, channel(address) as opened:
        stub = SearchServiceStub(opened)
        waiting = [asyncio.ensure_future(stub.Search(SearchRequest())) for _ in range(2)]
        await asyncio.sleep(0.2)
        for _ in range(3):
            assert (await refusal(stub.Search(SearchRequest()))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        waiting[0].cancel()
        await asyncio.sleep(0.2)
        waiting.append(asyncio.ensure_future(stub.Search(SearchRequest())))
        shop.open.set()
        assert [answer.query_id for answer in await asyncio.gather(*waiting[1:])] == ["0", "0"]


async def test_a_request_that_does_not_come_gives_its_place_back() -> None:
    limit = RequestLimit(at_once=1, read_seconds=0.3)
    async with limited(limit, Shop()) as address, channel(address) as opened:
        silent = opened.stream_unary(SEARCH, SearchRequest.SerializeToString, SearchResponse.FromString)()
        await silent.wait_for_connection()
        error = await refusal(silent)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "did not arrive" in str(error.details())
        assert await SearchServiceStub(opened).Search(SearchRequest())


async def test_calls_that_are_begun_and_reset_without_end_cancel_nobody_elses(
    shop: tuple[Shop, str],
) -> None:
    async with channel(shop[1]) as theirs:
        attacks = [asyncio.create_task(_reset_without_end(shop[1])) for _ in range(2)]
        await asyncio.sleep(0.5)
        for _ in range(20):
            assert await SearchServiceStub(theirs).Search(SearchRequest(), timeout=20)
        for attack in attacks:
            attack.cancel()
        await asyncio.gather(*attacks, return_exceptions=True)


async def _reset_without_end(address: str) -> None:
    host, _, port = address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
        for first in range(1, 10_000_000, 200):
            calls = range(first, first + 200, 2)
            writer.write(b"".join(frame(1, 4, at, HEADERS) + frame(3, 0, at, _CANCEL) for at in calls))
            await writer.drain()
    finally:
        writer.transport.abort()  # what waits to be sent is not waited for


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def _header(name: bytes, value: bytes) -> bytes:
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


_CANCEL = (8).to_bytes(4, "big")
HEADERS = (  # POST, http
    b"\x83\x86"
    + _header(b":path", SEARCH.encode())
    + _header(b":authority", b"x")
    + _header(b"te", b"trailers")
    + _header(b"content-type", b"application/grpc")
)
