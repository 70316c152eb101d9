"""Simulates another thread's first use of a native library."""

import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

from shared.first_use import used_once

LONG_SECONDS = 60
_LOOK_SECONDS = 0.01
_LOOKS = 5


@contextmanager
def another_first_use() -> Iterator[None]:
    """While the block runs, a thread uses some library for the first time."""
    begun = threading.Event()
    ended = threading.Event()

    def make() -> None:
        begun.set()
        ended.wait(LONG_SECONDS)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(used_once, make, lambda _: None)
        assert begun.wait(LONG_SECONDS)
        try:
            yield
        finally:
            ended.set()


def waits_for_another(open_: Callable[[], object]) -> bool:
    """Whether `open_` returns only after another thread's first use has ended."""
    with ThreadPoolExecutor(1) as thread:
        ident = thread.submit(threading.get_ident).result(LONG_SECONDS)
        with another_first_use():
            opening = thread.submit(open_)
            seen = 0
            while not opening.done() and seen < _LOOKS:
                time.sleep(_LOOK_SECONDS)
                seen = seen + 1 if _waits(sys._current_frames()[ident]) else 0
            early = opening.done()
        opening.result(LONG_SECONDS)
    return not early


def _waits(frame: FrameType) -> bool:
    """Whether a thread is at the statement of `used_once` that takes the lock."""
    lines, start = inspect.getsourcelines(used_once)
    takes_lock = start + next(at for at, line in enumerate(lines) if "with _lock" in line)
    return frame.f_code is used_once.__code__ and frame.f_lineno == takes_lock
