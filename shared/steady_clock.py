"""A clock for expiry by age. A clock that is wrong for a moment makes nothing old."""

from collections.abc import Callable

from shared import clock

_TOLERANCE_SECONDS = 60.0
_CONFIRMED_SECONDS = 3_600.0


class SteadyClock:
    """The wall clock, protected from jumps.

    When the wall clock jumps ahead, this clock ignores the jump until it has lasted an hour.
    Otherwise a machine whose clock is a week ahead would expire data for good.
    """

    def __init__(
        self,
        newest_seconds: float | None = None,
        wall: Callable[[], float] = clock.now,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        """`newest_seconds` is the time of the newest known record.

        The wall clock may be ahead already at the start.
        """
        self._wall = wall
        self._monotonic = monotonic
        base_seconds = wall() if newest_seconds is None else min(wall(), newest_seconds)
        self._offset_seconds = base_seconds - monotonic()
        self._ahead_since: float | None = None

    def now(self) -> float:
        """Seconds since 1970."""
        wall = self._wall()
        running = self._monotonic()
        expected = running + self._offset_seconds
        if wall <= expected + _TOLERANCE_SECONDS:
            self._ahead_since = None
        elif self._ahead_since is None:
            self._ahead_since = running
        if self._ahead_since is not None and running - self._ahead_since < _CONFIRMED_SECONDS:
            return expected
        self._offset_seconds = wall - running
        self._ahead_since = None
        return wall
