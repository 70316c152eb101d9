"""Limits how many pages run at once and how many may wait, and refuses the others."""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.gateway.recent_peers import RecentPeers
from shared.errors import Overloaded

# Weight of the newest page in the mean: pages that become slower are noticed before queues are too long
_SMOOTHING = 0.1
_SMOOTHING_SLOWER = 0.3
_DEVIATIONS = 2.0  # so many mean deviations above the mean, a page is not expected to be late
# Pages that take more than this share of their time on average are too many at once: half as many
# are made in the same time, and each of them sooner
_CROWDED = 0.33
# A wait that takes longer than expected should still be in time, not refused late
_WAIT_MARGIN = 1.5

_Turn = asyncio.Future[None]


class Admission:
    """Lets `max_in_flight` pages run at once, or half as many while they take long.

    Others wait in a queue as long as they can still be in time. A page that would be late is
    refused at once. So under any load the engine answers as many pages as it can, and never works
    on a page whose caller has left.

    Each peer has a queue of its own. The next page comes from the peer with the fewest running.
    While others call too, one peer leaves one place free. A single peer, such as one proxy before
    all callers, has one queue.
    """

    def __init__(self, max_in_flight: int, max_waiting: int) -> None:
        self._max_in_flight = max_in_flight
        self._max_waiting = max_waiting
        self._lines: dict[str, deque[_Turn]] = {}  # by peer; no queue is empty
        self._in_work: Counter[str] = Counter()  # running pages, by peer
        self._peers = RecentPeers()
        self._mean_page_ms = 0.0
        self._mean_deviation_ms = 0.0
        self._mean_share = 0.0  # of the time that pages had

    @property
    def in_flight(self) -> int:
        """The number of running pages."""
        return self._in_work.total()

    @property
    def _most(self) -> int:
        """The pages that may run at once now."""
        return self._max_in_flight if self._mean_share < _CROWDED else math.ceil(self._max_in_flight / 2)

    @property
    def _waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    @property
    def _needed_ms(self) -> float:
        """The time that a page must have left when its turn comes."""
        return self._mean_page_ms + _DEVIATIONS * self._mean_deviation_ms

    def expected_wait_ms(self, peer: str = "") -> int:
        """The expected wait of a new page of the peer (Little's law)."""
        if self._may_begin(peer):
            return 0
        place = len(self._lines.get(peer, ())) + 1
        ahead = sum(min(len(line), place) for other, line in self._lines.items() if other != peer)
        return math.ceil((ahead + place) * self._mean_page_ms / self._most)

    def retry_after_ms(self, peer: str = "") -> int:
        """When a refused caller may try again: after the current queue has been processed."""
        return max(1, self.expected_wait_ms(peer))

    @asynccontextmanager
    async def admitted(self, left_ms: float, peer: str = "") -> AsyncIterator[None]:
        """Run the block as one of the running pages.

        Raises Overloaded if `left_ms` is too short for that.
        """
        await self._enter(left_ms, peer)
        start = time.perf_counter()
        try:
            yield
        finally:
            self._observe((time.perf_counter() - start) * 1e3, left_ms)
            self._leave(peer)

    def _observe(self, page_ms: float, left_ms: float) -> None:
        self._mean_share += _SMOOTHING * (min(1.0, page_ms / left_ms) - self._mean_share)
        if not self._mean_page_ms:
            self._mean_page_ms = page_ms
        slower_by = page_ms - self._mean_page_ms
        self._mean_page_ms += slower_by * (_SMOOTHING_SLOWER if slower_by > 0 else _SMOOTHING)
        self._mean_deviation_ms += _SMOOTHING * (abs(slower_by) - self._mean_deviation_ms)

    def refuse_if_late(self, left_ms: float, peer: str) -> None:
        """Raise Overloaded if a new page of the peer would be late.

        Call it before anything else is done for the page: refusals must be cheap.
        """
        if left_ms <= 0:
            raise Overloaded(
                f"the deadline passed before the page could begin; raise deadline_ms, or {self._again(peer)}"
            )
        if self._begins_at_once(peer):
            return
        if _WAIT_MARGIN * self.expected_wait_ms(peer) + self._needed_ms > left_ms:
            raise self._refusal(peer)

    async def _enter(self, left_ms: float, peer: str) -> None:
        self._peers.note(peer)
        self.refuse_if_late(left_ms, peer)
        if self._begins_at_once(peer):
            self._in_work[peer] += 1
        else:
            await self._turn(left_ms, peer)

    def _begins_at_once(self, peer: str) -> bool:
        return peer not in self._lines and self._may_begin(peer)

    async def _turn(self, left_ms: float, peer: str) -> None:
        """Wait in the queue. The place is taken when this returns.

        A page whose turn comes later than expected is refused then, rather than begun and late.
        """
        self._make_room(peer)
        turn: _Turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(peer, deque()).append(turn)
        try:
            async with asyncio.timeout(max(0.0, left_ms - self._needed_ms) / 1e3):
                await turn
        except TimeoutError:
            self._give_up(turn, peer)
            raise self._refusal(peer) from None
        except asyncio.CancelledError:
            self._give_up(turn, peer)
            raise

    def _make_room(self, peer: str) -> None:
        """Remove the newest page of the longest queue if the queues are full.

        Raises if the peer's own queue would be as long.
        """
        if self._waiting < self._max_waiting:
            return
        longest = max(self._lines, key=lambda each: len(self._lines[each]), default=peer)
        if len(self._lines.get(longest, ())) <= len(self._lines.get(peer, ())) + 1:
            raise self._refusal(peer)
        turn = self._lines[longest][-1]
        self._remove(turn, longest)
        turn.set_exception(self._refusal(longest))

    def _give_up(self, turn: _Turn, peer: str) -> None:
        """Leave the queue. A turn that was granted at the same moment goes to the next page."""
        if turn in self._lines.get(peer, ()):
            self._remove(turn, peer)
        elif not turn.cancelled() and turn.exception() is None:
            self._leave(peer)

    def _remove(self, turn: _Turn, peer: str) -> None:
        self._lines[peer].remove(turn)
        if not self._lines[peer]:
            del self._lines[peer]

    def _may_begin(self, peer: str) -> bool:
        most = self._most
        shared = most > 1 and self._peers.others_than(peer)
        return self._in_work[peer] < most - shared and self.in_flight < most

    def _leave(self, peer: str) -> None:
        self._in_work[peer] -= 1
        self._in_work += Counter()  # forgets peers without a page
        self._to_the_end(peer)
        while next_ := [each for each in self._lines if self._may_begin(each)]:
            chosen = min(next_, key=lambda each: self._in_work[each])
            turn = self._lines[chosen][0]
            self._remove(turn, chosen)
            if not turn.done():
                turn.set_result(None)
                self._in_work[chosen] += 1

    def _to_the_end(self, peer: str) -> None:
        """Move a peer to the end.

        Of peers with equally many running pages, the one whose page ended longest ago is next.
        """
        if line := self._lines.pop(peer, None):
            self._lines[peer] = line

    def _refusal(self, peer: str) -> Overloaded:
        in_work = f"{self.in_flight} pages are running and {self._waiting} wait"
        return Overloaded(f"{in_work}; {self._again(peer)}")

    def _again(self, peer: str) -> str:
        return f"retry in {self.retry_after_ms(peer)} ms"
