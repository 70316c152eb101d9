"""Remembers recent callers, as far as sharing capacity needs it."""

import math
import time
from collections.abc import Callable

_SECONDS = 10.0


class RecentPeers:
    """Remembers the last two peers that called, which is enough to tell whether one is alone."""

    def __init__(self, clock_seconds: Callable[[], float] = time.monotonic) -> None:
        self._clock_seconds = clock_seconds
        self._last = ""
        self._last_seconds = -math.inf
        self._before_seconds = -math.inf  # when a peer other than the last one called

    def note(self, peer: str) -> None:
        """Record a call of the peer."""
        if peer != self._last:
            self._last = peer
            self._before_seconds = self._last_seconds
        self._last_seconds = self._clock_seconds()

    def others_than(self, peer: str) -> bool:
        """Whether another peer called in the last ten seconds."""
        seconds = self._last_seconds if peer != self._last else self._before_seconds
        return self._clock_seconds() - seconds < _SECONDS
