"""Ranked windows, kept for their next pages."""

import math
import time
from collections.abc import Callable
from typing import Protocol

from cachetools import TTLCache

from services.gateway.search.ranked_window import RankedWindow
from shared.cache import Cache
from shared.weighing import weigher

_LARGEST_SHARE = 16
# Before packing: packing a larger one blocks other pages for milliseconds
_LARGEST_SHARED_BYTES = 1 << 20


class RankedWindows(Protocol):
    """Ranked windows by query_id. Any of them may be gone."""

    async def get(self, query_id: str) -> RankedWindow | None:
        """The window. None if it was never kept, or is gone."""
        ...

    def keep(self, query_id: str, window: RankedWindow) -> None:
        """Keep a window for its next pages."""
        ...


class MemoryWindows:
    """Those of this process, limited in number, bytes and age. The longest unused goes first."""

    def __init__(
        self,
        max_windows: int,
        max_bytes: int,
        ttl_seconds: float,
        clock_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """One window has at most a sixteenth of `max_bytes`.

        A larger one is not kept, so its next page ranks again.
        """
        self._largest_bytes = max_bytes // _LARGEST_SHARE
        weigh = weigher(_size_bytes, max_windows, max_bytes)
        ends_after = math.nextafter(ttl_seconds, math.inf)  # cachetools ends at the exact second
        self._windows: TTLCache[str, RankedWindow] = TTLCache(max_bytes, ends_after, clock_seconds, weigh)

    def __len__(self) -> int:
        return len(self._windows)

    async def get(self, query_id: str) -> RankedWindow | None:
        """See RankedWindows."""
        return self._windows.get(query_id)

    def keep(self, query_id: str, window: RankedWindow) -> None:
        """See RankedWindows."""
        if window.size_bytes <= self._largest_bytes:
            self._windows[query_id] = window


def _size_bytes(window: RankedWindow) -> int:
    return window.size_bytes


class SharedWindows:
    """Those of all gateways: this process's own first, then those in the cache that they share."""

    def __init__(self, mine: RankedWindows, cache: Cache) -> None:
        self._mine = mine
        self._cache = cache

    async def get(self, query_id: str) -> RankedWindow | None:
        """See RankedWindows."""
        if window := await self._mine.get(query_id):
            return window
        value = await self._cache.get(query_id)
        window = RankedWindow.unpacked(value) if value else None
        if window:
            self._mine.keep(query_id, window)
        return window

    def keep(self, query_id: str, window: RankedWindow) -> None:
        """See RankedWindows."""
        self._mine.keep(query_id, window)
        if window.size_bytes <= _LARGEST_SHARED_BYTES:
            self._cache.put(query_id, window.packed())
