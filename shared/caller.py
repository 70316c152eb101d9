"""Work in a thread for a caller that may leave.

A thread cannot be cancelled, so the work checks between its steps.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


class CallerLeft(Exception):
    """Raised when no caller waits for the work any longer."""


class Caller:
    """The caller that waits for the work."""

    def __init__(self) -> None:
        self._left = False

    def leave(self) -> None:
        """Record that the answer is no longer needed."""
        self._left = True

    def check(self) -> None:
        """Raise CallerLeft if the caller has left. Call it between steps of some milliseconds."""
        if self._left:
            raise CallerLeft


PATIENT = Caller()  # a caller that never leaves


async def in_thread(work: Callable[[Caller], Answer]) -> Answer:
    """The result of the work.

    If this is cancelled, as by a deadline, the work ends at its next check.
    """
    caller = Caller()
    try:
        return await asyncio.to_thread(work, caller)
    finally:
        caller.leave()
