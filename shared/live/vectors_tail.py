"""Take in what is in aisle.vectors behind an open snapshot."""

import asyncio
from collections.abc import Callable, Iterable

from shared.events.log import VECTORS, EventLog
from shared.live.opened import Opened
from shared.watchdog import progress

_READ_AT_ONCE = 500


class Superseded(Exception):
    """A newer snapshot was published before this one could serve."""


class VectorsTail:
    """The log behind the snapshots of a process."""

    def __init__(self, events: EventLog, wait_seconds: float) -> None:
        self._events = events
        self._wait_seconds = wait_seconds

    async def advance(self, opened: Opened) -> bool:
        """Take in the next changes; False at the end of the log."""
        records = await self._events.read(VECTORS, opened.position, _READ_AT_ONCE)
        if records:
            await asyncio.to_thread(opened.apply, records)
            progress(f"taking in aisle.vectors, {records[-1].offset} is taken in")
        return bool(records)

    async def catch_up(
        self, opened: Opened, serving: Iterable[Opened], superseded: Callable[[], bool]
    ) -> None:
        """Take in all that is in the log, and go on until the snapshot shows no less than what serves.

        A snapshot with a catalogue file shows less until the indexer has said what later writes change in
        it. Raises Superseded if there is a newer one by then.
        """
        while await self.advance(opened) or _is_behind(opened, serving):
            if _is_behind(opened, serving):
                if superseded():
                    raise Superseded(f"there is a newer one than {opened.lives[0].version}")
                await self._events.wait(VECTORS, opened.position, self._wait_seconds)


def _is_behind(opened: Opened, serving: Iterable[Opened]) -> bool:
    """Whether pages would go back in time: what serves may have taken in more meanwhile."""
    return any(
        other.position > opened.position or other.log_position > opened.log_position for other in serving
    )
