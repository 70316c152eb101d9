"""How many pages are worked on at once, how many may wait, and who is sent away."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Overloaded

_SMOOTHING = 0.1  # weight of the newest page in the mean
_HEADROOM = 2.0  # mean pages that must fit into what is left when a page's turn comes
_WAIT_MARGIN = 1.5  # a wait that turns out longer than expected should still be in time, not refused late


class Admission:
    """Lets `max_in_flight` pages through at once; others wait in line as long as they can still be in time.

    A page that would be late is refused at once: under any load the engine answers what it can and refuses the rest,
    and never works on pages that nobody waits for any longer.
    """

    def __init__(self, max_in_flight: int, max_waiting: int) -> None:
        self._max_in_flight, self._max_waiting = max_in_flight, max_waiting
        self._line: deque[asyncio.Future[None]] = deque()
        self._mean_page_ms = 0.0
        self.in_flight = 0

    @property
    def expected_wait_ms(self) -> int:
        """How long a page that comes now would wait (Little's law, with the mean time of the last pages)."""
        if self.in_flight < self._max_in_flight:
            return 0
        return math.ceil((len(self._line) + 1) * self._mean_page_ms / self._max_in_flight)

    @property
    def _needed_ms(self) -> float:
        return _HEADROOM * self._mean_page_ms

    @asynccontextmanager
    async def admitted(self, left_ms: float) -> AsyncIterator[None]:
        """Run the block as one of the pages in flight. Raises Overloaded when `left_ms` is not enough for that."""
        await self._enter(left_ms)
        start = time.perf_counter()
        try:
            yield
        finally:
            page_ms = (time.perf_counter() - start) * 1e3
            self._mean_page_ms += (page_ms - self._mean_page_ms) * (_SMOOTHING if self._mean_page_ms else 1.0)
            self._leave()

    async def _enter(self, left_ms: float) -> None:
        if self.in_flight < self._max_in_flight:
            self.in_flight += 1
            return
        if len(self._line) >= self._max_waiting or _WAIT_MARGIN * self.expected_wait_ms + self._needed_ms > left_ms:
            raise self._refusal()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(max(0.0, left_ms - self._needed_ms) / 1e3):
                await turn
        except TimeoutError:
            self._give_up(turn)
            raise self._refusal() from None
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        """Leave the line; a turn that was given in the same moment goes to the next."""
        if turn.done() and not turn.cancelled():
            self._leave()
        elif turn in self._line:
            self._line.remove(turn)

    def _leave(self) -> None:
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)  # the place is handed on, so in_flight stays
                return
        self.in_flight -= 1

    def _refusal(self) -> Overloaded:
        return Overloaded(
            f"{self.in_flight} pages are in work and {len(self._line)} wait; retry in {self.retry_after_ms} ms"
        )

    @property
    def retry_after_ms(self) -> int:
        """When a refused caller may try again: once the line of now has been worked off."""
        return max(1, self.expected_wait_ms)
