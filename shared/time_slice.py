"""Runs long work on an event loop in slices of time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")

SLICE_SECONDS = 0.002


class TimeSlice:
    """Returns control to the event loop at the end of each slice, so that work delays no page.

    Slices are measured in time, not in steps, because one step may take a thousand times as long as
    another.
    """

    def __init__(
        self,
        slice_seconds: float = SLICE_SECONDS,
        rest_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """After each slice, the work pauses for `rest_seconds`.

        With 0, other tasks get one turn each.
        """
        self.rest_seconds = rest_seconds
        self._slice_seconds = slice_seconds
        self._clock = clock
        self._ends = clock() + slice_seconds

    def is_used_up(self) -> bool:
        """Whether the slice is used up.

        Check it after each small step, because awaiting `give_way` takes longer.
        """
        return self._clock() >= self._ends

    async def give_way(self) -> None:
        """Let other tasks run if the slice is used up. Await it after each step."""
        if self.is_used_up():
            await asyncio.sleep(self.rest_seconds)
            self._ends = self._clock() + self._slice_seconds


class Ended(Exception):
    """The work of a thread is to end where it is."""


class ThreadSlice:
    """Gives the interpreter back whenever a slice of time is used up, for long work in a thread."""

    def __init__(self, rest_seconds: float = 0.0) -> None:
        """After a slice all other threads have `rest_seconds`; 0: the work never rests."""
        self.rest_seconds = rest_seconds
        self._ends = 0.0
        self._is_ended = False

    def give_way(self) -> None:
        """Rest if the slice is used up. To be called after each step. Raises Ended after `end`."""
        if self._is_ended:
            raise Ended
        if self.rest_seconds and time.monotonic() >= self._ends:
            time.sleep(self.rest_seconds)
            self._ends = time.monotonic() + SLICE_SECONDS

    def end(self) -> None:
        """Let the work end with its next step."""
        self._is_ended = True


async def in_slices(items: Iterable[Item]) -> AsyncGenerator[Item, None]:
    """The items one by one, with turns for other tasks in between."""
    time_slice = TimeSlice()
    for item in items:
        yield item
        if time_slice.is_used_up():
            await time_slice.give_way()
