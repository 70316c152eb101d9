"""A request is decompressed and measured before anything is made of it."""

import asyncio
import gzip
import os
import re
from typing import Any

import pytest

from aisle.v1.search_pb2 import SearchRequest
from shared.errors import AisleError, InvalidRequest, Overloaded
from shared.rpc.request_budget import RequestBudget
from shared.rpc.request_limits import RequestLimit
from shared.rpc.request_reader import RequestReader

MIB = 1 << 20


async def read(data: bytes, max_bytes: int = MIB, budget: RequestBudget | None = None) -> Any:
    limit = RequestLimit(max_bytes, max_parts=1_000)
    reader = RequestReader(SearchRequest.FromString, limit, budget or RequestBudget())
    taken = reader.take(data)
    if isinstance(taken, AisleError):
        raise taken
    return await reader.read(taken)


def request(length: int) -> bytes:
    return SearchRequest(query=os.urandom(length // 2).hex()).SerializeToString()


async def refused(data: bytes, max_bytes: int = MIB) -> str:
    with pytest.raises(InvalidRequest) as caught:
        await read(data, max_bytes)
    return str(caught.value)


async def test_a_compressed_request_is_read_like_any_other() -> None:
    message = SearchRequest(query="lamp")
    assert await read(gzip.compress(message.SerializeToString())) == message


async def test_a_request_above_its_limit_is_refused_with_both_sizes() -> None:
    assert await refused(request(5_000), 2_048) == "request: has 5 KiB; this method takes 2 KiB at most"


async def test_a_request_that_grows_above_the_limit_is_refused() -> None:
    data = SearchRequest(query="lamp " * 1_000).SerializeToString()
    assert "becomes more than 2 KiB" in await refused(gzip.compress(data), 2_048)


async def test_a_request_that_grows_more_than_a_hundredfold_is_refused_below_the_limit_too() -> None:
    data = SearchRequest(query="x" * 900_000).SerializeToString()
    assert len(gzip.compress(data)) < 2_000
    assert re.search("becomes more than .* KiB", await refused(gzip.compress(data)))
    assert (await read(data)).query


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"\x0a\x01x")[:-3], gzip.compress(b"") + b"more", b"\x1f\x8bnothing"],
    ids=["cut off", "with more behind it", "no stream"],
)
async def test_half_a_gzip_stream_is_told_from_a_bad_message(data: bytes) -> None:
    assert re.search("gzip|decompressed", await refused(data))


async def test_a_bomb_of_legal_size_is_refused_before_it_is_parsed() -> None:
    parsed = []

    class Request:
        DESCRIPTOR = SearchRequest.DESCRIPTOR

        @classmethod
        def parse(cls, data: bytes) -> None:
            parsed.append(data)

    reader = RequestReader(Request.parse, RequestLimit(MIB, max_parts=1_000), RequestBudget())
    with pytest.raises(InvalidRequest, match=r"more than 1,000 fields and values"):
        await reader.read(b"\x3a\x00" * (MIB // 2))
    assert not parsed


async def test_a_request_is_refused_while_others_hold_too_many_bytes() -> None:
    budget = RequestBudget(max_bytes=10_000)
    assert await read(request(50_000), budget=budget)  # alone, none is too large
    with budget.holding(9_000):
        with pytest.raises(Overloaded):
            await read(request(5_000), budget=budget)
        assert await read(request(500), budget=budget)
    assert await read(request(5_000), budget=budget)


async def test_large_requests_leave_time_between_them() -> None:
    budget = RequestBudget()
    data = request(MIB - 100)
    turns = 0

    async def page() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    pages = asyncio.create_task(page())
    await asyncio.gather(*(read(data, budget=budget) for _ in range(10)))
    pages.cancel()
    assert turns > 10 * 3
