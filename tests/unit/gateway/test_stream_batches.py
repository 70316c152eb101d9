import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from services.gateway.stream_batches import stream_batches
from shared.rpc import request_budget
from shared.rpc.request_budget import RequestBudget


@dataclass(frozen=True)
class Message:
    number: int
    size_bytes: int = 1

    def ByteSize(self) -> int:
        return self.size_bytes


class Stream:
    """Messages that are all there at once; `sent` tells how many were taken."""

    def __init__(self, messages: list[Message], failure: Exception | None = None) -> None:
        self.messages = messages
        self.failure = failure
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[Message]:
        for message in self.messages:
            self.sent += 1
            yield message
        if self.failure:
            raise self.failure


async def test_what_arrives_together_is_one_batch_in_order() -> None:
    messages = [Message(number) for number in range(25)]
    got = [batch async for batch in stream_batches(Stream(messages).__aiter__(), 10)]
    assert [message for batch in got for message in batch] == messages
    assert max(map(len, got)) <= 10 < len(got) * 10


async def test_large_messages_wait_for_those_before_them() -> None:
    stream = Stream([Message(number, size_bytes=60) for number in range(100)])
    async for batch in stream_batches(stream.__aiter__(), 500, max_bytes=100):
        assert len(batch) <= 2
        await asyncio.sleep(0)
        handled = batch[-1].number + 1
        assert stream.sent - handled <= 3  # two in the queue, and the one that waits for room


async def test_an_error_of_the_stream_comes_after_what_was_sent_before_it() -> None:
    got = []
    with pytest.raises(RuntimeError, match="cut off"):
        async for batch in stream_batches(
            Stream([Message(1), Message(2)], RuntimeError("cut off")).__aiter__(), 10
        ):
            got += batch
    assert [message.number for message in got] == [1, 2]


async def test_whoever_stops_taking_stops_the_reading() -> None:
    stream = Stream([Message(number) for number in range(1_000)])
    taken = stream_batches(stream.__aiter__(), 10)
    await anext(taken)
    await taken.aclose()
    await asyncio.sleep(0.01)
    assert stream.sent <= 30


async def test_what_a_stream_has_read_is_held_until_it_is_handled() -> None:
    budget = RequestBudget()
    request_budget.begin(budget)
    held = []
    async for batch in stream_batches(
        Stream([Message(number, size_bytes=10) for number in range(6)]).__aiter__(), 2
    ):
        held.append(budget.held_bytes)
        assert budget.held_bytes >= 10 * len(batch)
    # A batch in hand, one in the queue, and the message that waits for a place
    assert max(held) <= 50
    assert budget.held_bytes == 0


async def test_a_stream_that_breaks_off_holds_nothing() -> None:
    budget = RequestBudget()
    request_budget.begin(budget)
    taken = stream_batches(Stream([Message(number, size_bytes=10) for number in range(100)]).__aiter__(), 10)
    await anext(taken)
    assert budget.held_bytes
    await taken.aclose()
    assert budget.held_bytes == 0


async def test_once_the_batches_are_closed_the_stream_is_not_read_any_more() -> None:
    async def slow() -> AsyncGenerator[Message, None]:
        yield Message(1)
        await asyncio.sleep(3_600)

    stream = slow()
    async with aclosing(stream_batches(stream, 10)) as arriving:
        assert await anext(arriving) == [Message(1)]
        await asyncio.sleep(0)
    await stream.aclose()  # RuntimeError while somebody reads it
