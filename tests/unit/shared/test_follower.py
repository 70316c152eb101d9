import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from shared.errors import Corrupt
from shared.follower import Follower


class Published:
    """Names that are published one after the other, and those that were taken up."""

    def __init__(self, *names: str, trouble: Exception | None = None) -> None:
        self.names = list(names)
        self.taken = list[str]()
        self.trouble = trouble

    def newest(self) -> str:
        return self.names[-1]

    def take_up(self, name: str) -> None:
        if self.trouble:
            raise self.trouble
        self.taken.append(name)


@asynccontextmanager
async def _following(follower: Follower[str]) -> AsyncIterator[None]:
    task = asyncio.create_task(follower.run(refresh_seconds=0.001))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _until(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + 5
    while not holds() and time.monotonic() < ends:
        await asyncio.sleep(0.001)
    return holds()


async def test_each_name_is_taken_up_once_when_it_comes() -> None:
    published = Published("v1")
    async with _following(Follower(published.newest, published.take_up)):
        assert await _until(lambda: published.taken == ["v1"])
        published.names.append("v2")
        assert await _until(lambda: len(published.taken) > 1)
        await asyncio.sleep(0.01)
    assert published.taken == ["v1", "v2"]


@pytest.mark.parametrize(
    "trouble", [Corrupt("block.onnx"), OSError("gone"), KeyError("dense"), RuntimeError("faiss")]
)
async def test_what_cannot_be_taken_up_is_reported_once_and_does_not_end_the_following(
    trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    published = Published("broken", trouble=trouble)
    async with _following(Follower(published.newest, published.take_up)):
        assert await _until(lambda: bool(caplog.records))
        await asyncio.sleep(0.02)
        published.trouble = None
        published.names.append("v2")
        assert await _until(lambda: published.taken == ["v2"])
    assert len(caplog.records) == 1


async def test_a_name_that_cannot_be_read_is_reported_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def unreadable() -> str:
        raise Corrupt("current cannot be read")

    async with _following(Follower(unreadable, lambda name: None)):
        assert await _until(lambda: bool(caplog.records))
        await asyncio.sleep(0.02)
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == [
        "current cannot be read"
    ]


async def test_who_looks_while_another_does_waits_for_it() -> None:
    published = Published("v1")

    def slowly(name: str) -> None:
        time.sleep(0.05)
        published.take_up(name)

    follower = Follower(published.newest, slowly)
    first = asyncio.create_task(follower.look())
    await asyncio.sleep(0.01)
    await follower.look()
    assert published.taken == ["v1"] and first.done()
