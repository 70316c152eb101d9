"""Notices that the writer of an open file has closed it or ended."""

import asyncio
import os
import sys
import threading
import time
from contextlib import suppress

_GRACE_SECONDS = 10.0


def set_at_end_of(descriptor: int, ended: asyncio.Event, grace_seconds: float | None = None) -> None:
    """Set `ended` once the writer of the open file has closed it or ended.

    With `grace_seconds`, the process ends after so long, whatever it does.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        while os.read(descriptor, 1):  # not sys.stdin, whose lock Python takes at exit
            pass
        with suppress(RuntimeError):  # the loop has closed before
            loop.call_soon_threadsafe(ended.set)
        if grace_seconds is not None:
            time.sleep(grace_seconds)
            os._exit(1)

    threading.Thread(target=read, daemon=True).start()


def ends_with_input(ended: asyncio.Event) -> None:
    """Set `ended` when standard input ends, and end this process ten seconds later in any case."""
    set_at_end_of(sys.stdin.fileno(), ended, _GRACE_SECONDS)
