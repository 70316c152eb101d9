"""Another thread's first use of a native library, for tests of what must wait for it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager, suppress

from shared.first_use import used_once

LONG_SECONDS = 60
_SHORT_SECONDS = 0.5


@contextmanager
def another_first_use() -> Iterator[None]:
    """While the block runs, a thread uses some library for the first time."""
    begun, ended = threading.Event(), threading.Event()

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
        with another_first_use():
            opening = thread.submit(open_)
            with suppress(NotYet):
                opening.result(_SHORT_SECONDS)
            early = opening.done()
        opening.result(LONG_SECONDS)
    return not early
