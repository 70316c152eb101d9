"""Work for a caller that may leave.

A thread cannot be cancelled, and the event loop waits for work on it. So the work checks between its
steps.
"""

import asyncio
import math
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from shared.native_panic import answer_of
from shared.threads import works_in_turn

Answer = TypeVar("Answer")

# When the caller of this task leaves, in seconds of time.monotonic
leaves_at: ContextVar[float] = ContextVar("leaves_at", default=math.inf)


class CallerLeft(Exception):
    """Raised when no caller waits for the work any longer."""


class Caller:
    """The caller that waits for the work."""

    def __init__(self, leaves_at: float = math.inf) -> None:
        """It leaves at that time of time.monotonic, if not before."""
        self._leaves_at = leaves_at
        self._left = False

    def leave(self) -> None:
        """Record that the answer is no longer needed."""
        self._left = True

    def check(self) -> None:
        """Raise CallerLeft if the caller has left. Call it between steps of some milliseconds."""
        if self._left or time.monotonic() >= self._leaves_at:
            raise CallerLeft


PATIENT = Caller()  # a caller that never leaves


async def in_thread(work: Callable[[Caller], Answer]) -> Answer:
    """The result of the work. Raises its errors, and a native library's panic as a RuntimeError.

    If this is cancelled, as by a deadline, the work ends at its next check. In a process that works
    in turn it runs on the event loop, and raises CallerLeft at its first check after `leaves_at`.
    """
    caller = Caller(leaves_at.get())
    if works_in_turn():
        return answer_of(work, caller)
    try:
        return await asyncio.to_thread(answer_of, work, caller)
    finally:
        caller.leave()
