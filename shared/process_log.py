"""The log of a process on standard error."""

import logging
import re
import time
from collections import Counter
from collections.abc import Callable

_OURS = ("services", "shared")
_TALKATIVE = (
    "kafka.net.selector",  # logs every wait for a busy processor
    # Logs every retry for a coordinator that Kafka is still making; the worker logs the wait itself
    "kafka.coordinator",
)
_REST_SECONDS = 60
_MAX_KINDS = 1_000  # of remembered messages, unless more come within a minute
_NUMBERS = re.compile(r"\d+")

_Kind = tuple[str, str, int, str]  # logger, file, line, text


def begin(news: bool = True) -> None:
    """Show our own messages (only warnings without `news`), and the warnings of libraries.

    Call it once, at the start.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(Sparingly())
    for name in _OURS if news else ():
        logging.getLogger(name).setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)


class Sparingly(logging.Filter):
    """Lets a repeated message pass once a minute, with the number of repetitions.

    A library's warnings repeat if they come from the same line of code: kafka-python logs several
    times a second that a broker is down, and our callers log that once. Our own warnings and errors
    repeat if their texts are equal, ignoring numbers.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: dict[_Kind, float] = {}
        self._held_back: Counter[_Kind] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        ours = record.name.partition(".")[0] in _OURS
        if ours and record.levelno < logging.WARNING:
            return True
        words = _NUMBERS.sub("", record.getMessage()) if ours else ""
        kind = (record.name, record.pathname, record.lineno, words)
        now = self._clock()
        if now - self._passed.get(kind, -_REST_SECONDS) < _REST_SECONDS:
            self._held_back[kind] += 1
            return False
        if count := self._held_back.pop(kind, 0):
            record.msg = f"{record.getMessage()} ({count:,} more times since this was written last)"
            record.args = ()
        self._note(kind, now)
        return True

    def _note(self, kind: _Kind, now: float) -> None:
        if len(self._passed) >= _MAX_KINDS:
            self._passed = {kind: at for kind, at in self._passed.items() if now - at < _REST_SECONDS}
        self._passed[kind] = now
