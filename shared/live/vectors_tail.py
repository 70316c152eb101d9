"""Applies the records of aisle.vectors after an open snapshot's position."""

import asyncio
from collections.abc import Callable, Iterable

from shared.events.log import VECTORS, EventLog
from shared.live.opened import Opened
from shared.watchdog import progress

_READ_AT_ONCE = 500


class Superseded(Exception):
    """Raised if a newer snapshot was published before this one could serve."""


class VectorsTail:
    """The part of the log after the snapshots of a process."""

    def __init__(self, events: EventLog, wait_seconds: float) -> None:
        self._events = events
        self._wait_seconds = wait_seconds

    async def advance(self, opened: Opened) -> bool:
        """Apply the next changes. Returns False at the end of the log."""
        records = await self._events.read(VECTORS, opened.position, _READ_AT_ONCE)
        if records:
            await asyncio.to_thread(opened.apply, records)
            progress(f"applying aisle.vectors, up to {records[-1].offset} so far")
        return bool(records)

    async def catch_up(
        self, opened: Opened, serving: Iterable[Opened], superseded: Callable[[], bool]
    ) -> None:
        """Apply the whole log, and wait until the snapshot is not behind the serving one.

        A snapshot with a catalogue file shows less until the indexer has reapplied later writes to
        it. Raises Superseded if a newer snapshot appears meanwhile.
        """
        while await self.advance(opened) or _is_behind(opened, serving):
            if _is_behind(opened, serving):
                if superseded():
                    raise Superseded(f"a newer one than {opened.lives[0].version} was published")
                await self._events.wait(VECTORS, opened.position, self._wait_seconds)


def _is_behind(opened: Opened, serving: Iterable[Opened]) -> bool:
    """Whether pages would go back in time, because the serving snapshot has applied more."""
    return any(
        other.position > opened.position or other.log_position > opened.log_position for other in serving
    )
