"""Ranked windows, kept for the pages that follow."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Window = TypeVar("Window")


class Windows(Generic[Window]):
    """query_id -> what was ranked for it; bounded in number and age, the longest unused goes first."""

    def __init__(
        self, max_windows: int, ttl_seconds: float, clock_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_windows, self._ttl_seconds, self._clock_seconds = max_windows, ttl_seconds, clock_seconds
        self._windows: OrderedDict[str, tuple[float, Window]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def get(self, query_id: str) -> Window | None:
        """The window; None when it was never kept, or is no longer."""
        kept_at, window = self._windows.get(query_id, (0.0, None))
        if window is None:
            return None
        if self._clock_seconds() - kept_at > self._ttl_seconds:
            del self._windows[query_id]
            return None
        self._windows.move_to_end(query_id)
        return window

    def keep(self, query_id: str, window: Window) -> None:
        self._windows[query_id] = (self._clock_seconds(), window)
        self._windows.move_to_end(query_id)
        if len(self._windows) > self._max_windows:
            self._windows.popitem(last=False)

    def drop(self, query_id: str) -> None:
        self._windows.pop(query_id, None)
