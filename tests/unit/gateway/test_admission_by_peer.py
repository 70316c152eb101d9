"""Places and lines of several peers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from services.gateway.admission import Admission
from services.gateway.recent_peers import RecentPeers
from shared.errors import Overloaded


class Pages:
    """Pages that run until the test ends them."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._ends: dict[str, list[asyncio.Event]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.begun: list[str] = []
        self.refused: Counter[str] = Counter()

    async def ask(self, peer: str, count: int = 1) -> None:
        self._tasks += [asyncio.create_task(self._page(peer)) for _ in range(count)]
        await _settled()

    async def end(self, peer: str) -> None:
        """The oldest page of the peer that is in work."""
        self._ends[peer].pop(0).set()
        await _settled()

    async def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _page(self, peer: str) -> None:
        try:
            async with self._admission.admitted(60_000, peer):
                self.begun.append(peer)
                end = asyncio.Event()
                self._ends.setdefault(peer, []).append(end)
                await end.wait()
        except Overloaded:
            self.refused[peer] += 1


async def _settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def pages(max_in_flight: int, max_waiting: int) -> AsyncIterator[Pages]:
    admission = Admission(max_in_flight, max_waiting)
    asked = Pages(admission)
    try:
        yield asked
    finally:
        await asked.cancel()
        assert admission.in_flight == 0


async def test_one_peer_alone_has_all_places_and_one_line() -> None:
    async with pages(max_in_flight=3, max_waiting=2) as asked:
        await asked.ask("a", 6)
        assert asked.begun == ["a"] * 3 and asked.refused == {"a": 1}
        await asked.end("a")
        assert asked.begun == ["a"] * 4


async def test_while_others_call_a_peer_leaves_one_place_free() -> None:
    async with pages(max_in_flight=3, max_waiting=10) as asked:
        await asked.ask("b")
        await asked.end("b")
        await asked.ask("a", 5)
        assert asked.begun == ["b", "a", "a"]
        await asked.ask("b")
        assert asked.begun == ["b", "a", "a", "b"]


async def test_the_next_page_is_of_the_peer_with_the_fewest_in_work() -> None:
    async with pages(max_in_flight=2, max_waiting=10) as asked:
        await asked.ask("a", 8)
        await asked.ask("b", 2)
        await asked.end("a")
        assert asked.begun == ["a", "a", "b"]
        await asked.end("b")
        assert asked.begun == ["a", "a", "b", "b"]


async def test_a_peer_with_many_waiting_takes_no_place_in_line_from_others() -> None:
    async with pages(max_in_flight=1, max_waiting=4) as asked:
        await asked.ask("a", 5)
        await asked.ask("b", 3)
        assert asked.refused == {"a": 2, "b": 1}
        for peer in ("a", "b", "a", "b"):
            await asked.end(peer)
        assert asked.begun == ["a", "b", "a", "b", "a"]


async def test_a_peers_wait_is_reckoned_from_what_comes_before_it() -> None:
    admission = Admission(max_in_flight=1, max_waiting=100)
    async with admission.admitted(60_000, "a"):
        await asyncio.sleep(0.02)
    async with pages_of(admission) as asked:
        await asked.ask("a", 10)
        assert admission.expected_wait_ms("b") * 4 < admission.expected_wait_ms("a")


@asynccontextmanager
async def pages_of(admission: Admission) -> AsyncIterator[Pages]:
    asked = Pages(admission)
    try:
        yield asked
    finally:
        await asked.cancel()


async def test_a_page_whose_time_was_up_before_it_began_is_refused() -> None:
    with pytest.raises(Overloaded):
        async with Admission(max_in_flight=1, max_waiting=1).admitted(0.0, "a"):
            pass


def test_a_peer_is_alone_once_the_others_have_not_called_for_a_while() -> None:
    now = 100.0
    peers = RecentPeers(lambda: now)
    peers.note("a")
    assert not peers.others_than("a") and peers.others_than("b")
    peers.note("b")
    peers.note("a")
    assert peers.others_than("a") and peers.others_than("b")
    now += 11
    peers.note("a")
    assert not peers.others_than("a") and peers.others_than("b")


async def test_half_as_many_run_at_once_while_pages_take_most_of_their_time() -> None:
    admission = Admission(max_in_flight=4, max_waiting=10)

    async def run_one(milliseconds: float, left_ms: float) -> None:
        async with admission.admitted(left_ms):
            await asyncio.sleep(milliseconds / 1e3)

    async def at_once() -> int:
        async with asyncio.timeout(5):
            running = [asyncio.create_task(run_one(2, 60_000)) for _ in range(4)]
            await _settled()
            count = admission.in_flight
            await asyncio.gather(*running)
        return count

    assert await at_once() == 4
    for _ in range(20):
        with suppress(Overloaded):
            await run_one(10, 10)
    assert await at_once() == 2
    for _ in range(20):
        await run_one(0, 60_000)
    assert await at_once() == 4
