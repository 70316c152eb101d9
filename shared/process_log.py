"""What a process says on standard error."""

import logging
import time
from collections.abc import Callable

_OURS = ("services", "shared")
_TALKATIVE = (
    "kafka.net.selector",  # every wait for a busy processor
    "kafka.coordinator",  # every try for a coordinator that Kafka is still making; the worker says that it waits
)
_REST_SECONDS = 60


def begin() -> None:
    """Our own messages, and the warnings of libraries. Once, before anything else."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(LibrariesSparingly())
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)


class LibrariesSparingly(logging.Filter):
    """A library's warning passes once a minute, however often it comes and whatever numbers are in it.

    kafka-python says several times a second that a broker is away; the places that wait for it say so once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._passed = clock, dict[tuple[str, str, int], float]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if record.name.partition(".")[0] in _OURS:
            return True
        place, now = (record.name, record.pathname, record.lineno), self._clock()
        if now - self._passed.get(place, -_REST_SECONDS) < _REST_SECONDS:
            return False
        self._passed[place] = now
        return True
