"""Calls over a pair of sockets, in both directions."""

import asyncio

import pytest

from services.standalone.workers.connection import Kind
from shared.errors import AisleError, InvalidRequest, Overloaded, Unavailable
from tests.unit.standalone.workers.pair import pair


async def _echo(body: bytes) -> bytes:
    return body


async def test_both_ends_call_and_answer() -> None:
    async def twice(body: bytes) -> bytes:
        return 2 * body

    async with pair({Kind.READ_FEATURES: _echo}, {Kind.MAKE_PAGE: twice}) as (first, worker):
        assert await first.call(Kind.MAKE_PAGE, b"page") == b"pagepage"
        assert await worker.call(Kind.READ_FEATURES, b"keys") == b"keys"


async def test_large_bodies_and_many_calls_at_once_come_whole() -> None:
    bodies = [bytes([number]) * (number * 9_973) for number in range(120)]
    async with pair({}, {Kind.MAKE_PAGE: _echo}) as (first, _):
        assert await asyncio.gather(*(first.call(Kind.MAKE_PAGE, body) for body in bodies)) == bodies


async def test_a_late_answer_delays_no_other() -> None:
    async def later(body: bytes) -> bytes:
        await asyncio.sleep(0.05 if body == b"slow" else 0)
        return body

    async with pair({}, {Kind.MAKE_PAGE: later}) as (first, _):
        slow = asyncio.create_task(first.call(Kind.MAKE_PAGE, b"slow"))
        assert await first.call(Kind.MAKE_PAGE, b"quick") == b"quick"
        assert not slow.done()
        assert await slow == b"slow"


async def test_errors_keep_their_kind_field_and_pause() -> None:
    overloaded = Overloaded("full")
    overloaded.retry_after_ms = 70
    errors: dict[bytes, Exception] = {
        b"i": InvalidRequest("query", "is too long"),
        b"o": overloaded,
        b"d": ValueError("a defect"),
    }

    async def fail(body: bytes) -> bytes:
        raise errors[body]

    async with pair({}, {Kind.MAKE_PAGE: fail}) as (first, _):
        with pytest.raises(InvalidRequest, match="is too long") as invalid:
            await first.call(Kind.MAKE_PAGE, b"i")
        assert invalid.value.field == "query"
        with pytest.raises(Overloaded) as full:
            await first.call(Kind.MAKE_PAGE, b"o")
        assert full.value.retry_after_ms == 70
        with pytest.raises(AisleError, match=r"MAKE_PAGE failed \(ValueError\)"):
            await first.call(Kind.MAKE_PAGE, b"d")


async def test_a_caller_that_leaves_ends_the_work() -> None:
    ended = asyncio.Event()

    async def long(body: bytes) -> bytes:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return body

    async with pair({}, {Kind.MAKE_PAGE: long}) as (first, _):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await first.call(Kind.MAKE_PAGE)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_the_end_of_one_ends_the_calls_of_the_other() -> None:
    async def never(body: bytes) -> bytes:
        await asyncio.sleep(60)
        return body

    async with pair({}, {Kind.MAKE_PAGE: never}) as (first, worker):
        call = asyncio.create_task(first.call(Kind.MAKE_PAGE))
        await asyncio.sleep(0.01)
        worker.close()
        with pytest.raises(Unavailable, match="has ended"):
            await call
        assert first.ended.is_set()
        with pytest.raises(Unavailable, match="has ended"):
            await first.call(Kind.MAKE_PAGE)
