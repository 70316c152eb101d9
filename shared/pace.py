"""Long work on an event loop, in slices of time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")

SLICE_SECONDS = 0.002


class Pace:
    """Gives the event loop back whenever a slice of time is used up, so that work holds up no page.

    Time is measured, not steps: one step may take a thousand times as long as another.
    """

    def __init__(
        self,
        slice_seconds: float = SLICE_SECONDS,
        rest_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """After a slice others have `rest_seconds` for themselves, if they want them or not; 0: one turn each."""
        self.rest_seconds = rest_seconds
        self._slice_seconds, self._clock = slice_seconds, clock
        self._ends = clock() + slice_seconds

    def is_over(self) -> bool:
        """Whether the slice is used up; to be asked after each small step, since awaiting `breathe` takes longer."""
        return self._clock() >= self._ends

    async def breathe(self) -> None:
        """Let others have their turn if the slice is used up; to be awaited after each step."""
        if self.is_over():
            await asyncio.sleep(self.rest_seconds)
            self._ends = self._clock() + self._slice_seconds


async def unhurried(items: Iterable[Item]) -> AsyncGenerator[Item, None]:
    """The items one by one, with others' turns in between."""
    pace = Pace()
    for item in items:
        yield item
        if pace.is_over():
            await pace.breathe()
