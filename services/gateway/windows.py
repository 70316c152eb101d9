"""Ranked windows, kept for the pages that follow."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from services.gateway import kept_window
from services.gateway.ranked_window import RankedWindow
from shared.cache import Cache


class Windows(Protocol):
    """query_id -> what was ranked for it; any of them may be gone."""

    async def get(self, query_id: str) -> RankedWindow | None:
        """The window; None when it was never kept, or is no longer."""
        ...

    def keep(self, query_id: str, window: RankedWindow) -> None:
        """Keep it for the pages that follow."""
        ...


class MemoryWindows:
    """Windows of this process; bounded in number and age, the longest unused goes first."""

    def __init__(
        self, max_windows: int, ttl_seconds: float, clock_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_windows, self._ttl_seconds, self._clock_seconds = max_windows, ttl_seconds, clock_seconds
        self._windows: OrderedDict[str, tuple[float, RankedWindow]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    async def get(self, query_id: str) -> RankedWindow | None:
        """See Windows."""
        kept_at, window = self._windows.get(query_id, (0.0, None))
        if window is None:
            return None
        if self._clock_seconds() - kept_at > self._ttl_seconds:
            del self._windows[query_id]
            return None
        self._windows.move_to_end(query_id)
        return window

    def keep(self, query_id: str, window: RankedWindow) -> None:
        """See Windows."""
        self._windows[query_id] = (self._clock_seconds(), window)
        self._windows.move_to_end(query_id)
        if len(self._windows) > self._max_windows:
            self._windows.popitem(last=False)


class SharedWindows:
    """Windows of all gateways: this process's own first, then those in the cache that they share."""

    def __init__(self, mine: Windows, cache: Cache) -> None:
        self._mine, self._cache = mine, cache

    async def get(self, query_id: str) -> RankedWindow | None:
        """See Windows."""
        if window := await self._mine.get(query_id):
            return window
        value = await self._cache.get(query_id)
        window = kept_window.decoded(value) if value else None
        if window:
            self._mine.keep(query_id, window)
        return window

    def keep(self, query_id: str, window: RankedWindow) -> None:
        """See Windows."""
        self._mine.keep(query_id, window)
        self._cache.put(query_id, kept_window.encoded(window))
