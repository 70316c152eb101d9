"""The time by which pages, events and features are dated.

It is the system's clock. A replay of days that are past runs on a clock of its own, so that each
search and event happens when it happened.
"""

import time
from collections.abc import Callable

_simulated: Callable[[], float] | None = None


def now() -> float:
    """Seconds since 1970."""
    return _simulated() if _simulated else time.time()


def now_ns() -> int:
    """Nanoseconds since 1970."""
    return int(_simulated() * 1e9) if _simulated else time.time_ns()


def monotonic() -> float:
    """Seconds that never go back."""
    return _simulated() if _simulated else time.monotonic()


def run_on(source: Callable[[], float] | None) -> None:
    """Take the time of this process from `source`, in seconds since 1970; None: from the system."""
    global _simulated
    _simulated = source
