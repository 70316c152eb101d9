"""What shared/rpc/prompt_server.py builds on in grpc.aio, and what it is for."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import (
    SearchServiceServicer,
    SearchServiceStub,
    add_SearchServiceServicer_to_server,
)
from shared.rpc.prompt_server import prompt_server, since_arrival_ms

CALLS = 24
TURNS = 12  # of the event loop: a call that has come begins within a few


@dataclass
class Search(SearchServiceServicer):
    """Answers when it may, with how long ago the call came."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def Search(self, request: SearchRequest, context: Any = None) -> SearchResponse:
        await self.may_answer.wait()
        return SearchResponse(total_count=round(since_arrival_ms()))


@dataclass
class Begun(grpc.aio.ServerInterceptor):
    """Counts the calls that have begun."""

    count: int = 0

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], details: Any) -> Any:
        self.count += 1
        return await continuation(details)


@dataclass
class Served:
    server: Any
    search: Search
    begun: Begun
    address: str


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    search = Search()
    begun = Begun()
    server = prompt_server([begun], [])
    add_SearchServiceServicer_to_server(search, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield Served(server, search, begun, address)
    await server.stop(0)


async def test_a_call_knows_how_long_ago_it_came(served: Served) -> None:
    async with grpc.aio.insecure_channel(served.address) as channel:
        stub: Any = SearchServiceStub(channel)
        call = asyncio.ensure_future(stub.Search(SearchRequest()))
        while not served.begun.count:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        served.search.may_answer.set()
        assert (await call).total_count >= 50
    assert since_arrival_ms() == 0


async def test_calls_that_came_together_begin_together(served: Served) -> None:
    with grpc.insecure_channel(served.address) as channel:
        grpc.channel_ready_future(channel).result(10)
        calls = [SearchServiceStub(channel).Search.future(SearchRequest()) for _ in range(CALLS)]
        time.sleep(1.5)  # the event loop is held up while they come
        for _ in range(TURNS):
            await asyncio.sleep(0)
        assert served.begun.count == CALLS
        served.search.may_answer.set()
        answered = await asyncio.to_thread(lambda: [call.result(10).total_count for call in calls])
    assert len(answered) == CALLS


async def test_more_calls_than_are_asked_for_ahead_are_all_answered(served: Served) -> None:
    served.search.may_answer.set()
    async with grpc.aio.insecure_channel(served.address) as channel:
        stub: Any = SearchServiceStub(channel)
        assert len(await asyncio.gather(*(stub.Search(SearchRequest()) for _ in range(500)))) == 500


async def test_a_server_finishes_its_calls_before_it_stops_and_stops_in_silence(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with grpc.aio.insecure_channel(served.address) as channel:
        stub: Any = SearchServiceStub(channel)
        call = asyncio.ensure_future(stub.Search(SearchRequest()))
        while not served.begun.count:
            await asyncio.sleep(0.005)
        stopping = asyncio.create_task(served.server.stop(10))
        await asyncio.sleep(0.05)
        served.search.may_answer.set()
        assert (await call).total_count > 0
        await stopping
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Search(SearchRequest(), timeout=2)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
