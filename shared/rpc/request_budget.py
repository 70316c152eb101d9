"""The bytes of the requests that a process works on together."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from shared.errors import Overloaded
from shared.memory import return_free_memory
from shared.rpc.request_limits import MAX_HELD_BYTES

_REST = 3.0  # times as long as a large request took to read, before the next one is read
_TRIM_BYTES = 16 << 20  # released, after which the C library is asked to give memory back
_FULL = 0.5  # share of the budget above which streams are not read any further


class RequestBudget:
    """Counts what calls hold, and refuses what is too much. To be used from one event loop."""

    def __init__(self, max_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_bytes = max_bytes
        self._given_back = asyncio.Event()
        self._turn = asyncio.Lock()
        self._since_trim_bytes = 0
        self.held_bytes = 0

    def check(self, more_bytes: int) -> None:
        """Raises Overloaded when so many bytes are too many now; one request alone never is."""
        if self.held_bytes and self.held_bytes + more_bytes > self._max_bytes:
            mib = self.held_bytes / (1 << 20)
            raise Overloaded(
                f"requests of {mib:.0f} MiB are in work already; send smaller ones, or retry in a moment"
            )

    def hold(self, count_bytes: int) -> None:
        """Count what has been read; `release` it when it is no longer needed."""
        self.held_bytes += count_bytes

    def release(self, count_bytes: int) -> None:
        """Count no longer what was held."""
        self.held_bytes -= count_bytes
        self._given_back.set()
        self._since_trim_bytes += count_bytes
        if not self.held_bytes and self._since_trim_bytes >= _TRIM_BYTES:
            self._since_trim_bytes = 0
            threading.Thread(target=return_free_memory, daemon=True).start()

    @contextmanager
    def holding(self, count_bytes: int) -> Iterator[None]:
        """Hold so many bytes while the block runs."""
        self.hold(count_bytes)
        try:
            yield
        finally:
            self.release(count_bytes)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Read a large request in the block: one at a time, and most of the time is left to others."""
        async with self._turn:
            began = time.perf_counter()
            yield
            await asyncio.sleep(_REST * (time.perf_counter() - began))

    async def room(self) -> None:
        """Return once a stream may read its next message."""
        while self.held_bytes > _FULL * self._max_bytes:
            self._given_back.clear()
            await self._given_back.wait()


_current: ContextVar[RequestBudget | None] = ContextVar("request_budget", default=None)


def begin(budget: RequestBudget) -> None:
    """The call that runs in this task counts into `budget`, and so do the tasks that it starts."""
    _current.set(budget)


def current() -> RequestBudget:
    """The budget of the call; one of its own where no server has begun it."""
    return _current.get() or RequestBudget()
