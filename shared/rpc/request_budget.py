"""Limits the bytes of the requests that a process holds at once."""

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

_REST = 3.0  # pause before the next large request, as a multiple of the time that the last one took
_TRIM_BYTES = 16 << 20  # bytes released before the C library is asked to return memory
_FULL = 0.5  # share of the budget above which streams are paused


class RequestBudget:
    """Counts the bytes that calls hold, and refuses more than the budget.

    For use from one event loop.
    """

    def __init__(self, max_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_bytes = max_bytes
        self._released = asyncio.Event()
        self._turn = asyncio.Lock()
        self._since_trim_bytes = 0
        self.held_bytes = 0

    def check(self, more_bytes: int) -> None:
        """Raises Overloaded if so many bytes exceed the budget. A single request never does."""
        if self.held_bytes and self.held_bytes + more_bytes > self._max_bytes:
            mib = self.held_bytes / (1 << 20)
            raise Overloaded(
                f"requests of {mib:.0f} MiB are being processed; send smaller ones, or retry in a moment"
            )

    def hold(self, count_bytes: int) -> None:
        """Count bytes that were read. Call `release` when they are no longer needed."""
        self.held_bytes += count_bytes

    def release(self, count_bytes: int) -> None:
        """Stop counting held bytes."""
        self.held_bytes -= count_bytes
        self._released.set()
        self._since_trim_bytes += count_bytes
        if not self.held_bytes and self._since_trim_bytes >= _TRIM_BYTES:
            self._since_trim_bytes = 0
            threading.Thread(target=return_free_memory, daemon=True).start()

    @contextmanager
    def holding(self, count_bytes: int) -> Iterator[None]:
        """Count so many bytes while the block runs."""
        self.hold(count_bytes)
        try:
            yield
        finally:
            self.release(count_bytes)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn to read a large request.

        Large requests are read one at a time, with pauses that leave most of the time to others.
        """
        async with self._turn:
            began = time.perf_counter()
            yield
            await asyncio.sleep(_REST * (time.perf_counter() - began))

    async def room(self) -> None:
        """Wait until a stream may read its next message."""
        while self.held_bytes > _FULL * self._max_bytes:
            self._released.clear()
            await self._released.wait()


_current: ContextVar[RequestBudget | None] = ContextVar("request_budget", default=None)


def begin(budget: RequestBudget) -> None:
    """Make this task's call, and the tasks that it starts, count towards `budget`."""
    _current.set(budget)


def current() -> RequestBudget:
    """The budget of the current call. Outside a server's call, a new one."""
    return _current.get() or RequestBudget()
