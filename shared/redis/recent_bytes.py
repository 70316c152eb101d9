"""Limits the bytes written within a time span."""

import time
from collections import deque
from collections.abc import Callable


class RecentBytes:
    """Admits at most `max_bytes` in any `span_seconds`.

    Values that expire after that span never take more.
    """

    def __init__(
        self,
        max_bytes: int,
        span_seconds: float,
        clock_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._span_seconds = span_seconds
        self._clock_seconds = clock_seconds
        # When each write leaves the span, and its bytes
        self._written: deque[tuple[float, int]] = deque()
        self._bytes = 0

    def admits(self, size_bytes: int) -> bool:
        """Whether so many bytes may be written now. If so, they count."""
        now = self._clock_seconds()
        while self._written and self._written[0][0] <= now:
            self._bytes -= self._written.popleft()[1]
        if self._bytes + size_bytes > self._max_bytes:
            return False
        self._written.append((now + self._span_seconds, size_bytes))
        self._bytes += size_bytes
        return True
