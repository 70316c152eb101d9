"""Work in a thread for a caller who may leave.

A thread cannot be cancelled: the work looks between its steps.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


class CallerLeft(Exception):
    """Nobody waits for the work any longer."""


class Caller:
    """Who waits for the work."""

    def __init__(self) -> None:
        self._left = False

    def leave(self) -> None:
        """The answer is not needed any more."""
        self._left = True

    def check(self) -> None:
        """Raise CallerLeft once nobody waits; to be called between steps of some milliseconds."""
        if self._left:
            raise CallerLeft


PATIENT = Caller()  # one that never leaves


async def in_thread(work: Callable[[Caller], Answer]) -> Answer:
    """What the work returns.

    When this is cancelled, as by a deadline, the work ends at its next check.
    """
    caller = Caller()
    try:
        return await asyncio.to_thread(work, caller)
    finally:
        caller.leave()
