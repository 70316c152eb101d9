import asyncio
import time

import pytest

from aisle.v1.search_pb2 import (
    SearchResponse,
)
from shared.errors import Overloaded
from shared.stage import Stage
from tests.unit.gateway.conftest import Gateway, none, too_long
from tests.unit.gateway.shoes import RERANKED, ids, shoes


async def test_pages_beyond_capacity_are_refused_at_once_and_the_rest_is_served(
    gateway: Gateway,
) -> None:
    async def twenty_ms() -> None:
        await asyncio.sleep(0.02)

    gateway.retrieval.trouble = twenty_ms
    search = gateway.with_config(max_in_flight=2)
    await search.Search(shoes(deadline_ms=400))
    pages = await asyncio.gather(
        *(search.Search(shoes(deadline_ms=400)) for _ in range(60)), return_exceptions=True
    )
    served = [page for page in pages if isinstance(page, SearchResponse)]
    refused = [page for page in pages if isinstance(page, Overloaded)]
    assert len(served) + len(refused) == 60
    assert 4 <= len(served) <= 40
    assert search.counts()["errors.Overloaded"] == len(refused)


async def test_a_page_is_refused_before_anything_is_done_for_it(gateway: Gateway) -> None:
    async def fifty_ms() -> None:
        await asyncio.sleep(0.05)

    gateway.retrieval.trouble = fifty_ms
    search = gateway.with_config(max_in_flight=1)
    await search.Search(shoes(deadline_ms=1_000))
    running = asyncio.create_task(search.Search(shoes(deadline_ms=1_000)))
    await asyncio.sleep(0.01)
    with pytest.raises(Overloaded):
        await search.Search(shoes(deadline_ms=60, max_tier=999))
    await running


async def test_a_caller_that_leaves_frees_its_place(gateway: Gateway) -> None:
    gateway.retrieval.trouble = too_long
    search = gateway.with_config(max_in_flight=1)
    leaving = asyncio.create_task(search.Search(shoes(deadline_ms=10_000)))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    gateway.retrieval.trouble = none
    assert ids(await search.Search(shoes())) == RERANKED


async def test_work_that_cannot_be_cancelled_does_not_pile_up(gateway: Gateway) -> None:
    stage = Stage("slow", max_late=3, rest_seconds=10)
    started = 0

    async def in_a_thread() -> None:
        nonlocal started
        started += 1
        await asyncio.to_thread(time.sleep, 0.1)

    for _ in range(10):
        with pytest.raises(Exception, match=r"slow: (deadline|resting)"):
            await stage.run(in_a_thread, limit_ms=51)
    assert started == 3
