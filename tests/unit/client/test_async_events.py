"""Events that come from an asynchronous iterable."""

import asyncio
from collections.abc import AsyncIterator

from aisle.client import AsyncClient
from aisle.v1.events_pb2 import UserEvent
from tests.unit.client.conftest import Engine


async def test_an_event_is_acknowledged_before_the_next_one_happens(address: str, engine: Engine) -> None:
    happened: asyncio.Queue[UserEvent | None] = asyncio.Queue()

    async def each() -> AsyncIterator[UserEvent]:
        while (event := await happened.get()) is not None:
            yield event

    async with AsyncClient(address) as client:
        acks = client.events(each())
        for number in range(3):
            await happened.put(UserEvent(event_id=f"e{number}", action="click"))
            assert (await anext(acks)).event_id == f"e{number}"
        await happened.put(None)
        assert [ack async for ack in acks] == []


async def test_a_stream_that_breaks_while_no_event_happens_loses_none(address: str, engine: Engine) -> None:
    happened: asyncio.Queue[UserEvent | None] = asyncio.Queue()

    async def each() -> AsyncIterator[UserEvent]:
        while (event := await happened.get()) is not None:
            yield event

    engine.break_after = 2
    async with AsyncClient(address) as client:
        acks = client.events(each())
        for number in range(3):
            await happened.put(UserEvent(event_id=f"e{number}", action="click"))
            assert (await anext(acks)).event_id == f"e{number}"
        await happened.put(None)
        assert [ack async for ack in acks] == []
    assert engine.recorded == ["e0", "e1", "e1", "e2"]


async def test_products_may_come_asynchronously(address: str, engine: Engine) -> None:
    async def ids() -> AsyncIterator[str]:
        for number in range(1_001):
            yield f"p{number}"

    async with AsyncClient(address) as client:
        assert (await client.delete(ids())).accepted_count == 1_001
    assert [len(each.product_ids) for each in engine.requests] == [1_000, 1]
