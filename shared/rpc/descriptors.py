"""Watches for a lack of file descriptors.

Without them the process accepts no connections and opens no files.
"""

import asyncio
import errno
import logging
import os
import time
from collections.abc import Callable

_LOOK_SECONDS = 5.0
_REPEAT_SECONDS = 60.0
_NONE_LEFT = (errno.EMFILE, errno.ENFILE)

_LOG = logging.getLogger(__name__)


def are_left() -> bool:
    """Whether this process can open another file or connection."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno not in _NONE_LEFT
    return True


class DescriptorWatch:
    """Logs a lack of descriptors once a minute, and its end once.

    gRPC accepts connections again by itself. Until then they wait in the system's queue.
    """

    def __init__(
        self, left: Callable[[], bool] = are_left, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = left
        self._clock = clock
        self._logged_at: float | None = None  # while there are none

    async def run(self) -> None:
        """Check every few seconds, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    def look(self) -> None:
        """Log a change, or a lack that has lasted another minute."""
        now = self._clock()
        if self._left():
            if self._logged_at is not None:
                _LOG.info("file descriptors are available again; new connections are accepted")
            self._logged_at = None
        elif self._logged_at is None or now - self._logged_at >= _REPEAT_SECONDS:
            self._logged_at = now
            remedy = "close connections, or raise the limit (ulimit -n) and start again"
            _LOG.error("no file descriptors are left: new connections wait; %s", remedy)
