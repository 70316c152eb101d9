"""A stage of a page that the page can do without."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TypeVar

from shared.caller import CallerLeft, leaves_at
from shared.errors import AisleError, Unavailable

Answer = TypeVar("Answer")

# Of a stage's share of an ordinary page's budget: earlier stages have used theirs
FAIR_SHARE = 0.75
# The caller of the page, if known
asker: ContextVar[str] = ContextVar("asker", default="")

_LOG = logging.getLogger(__name__)


class Missed(Exception):
    """Raised if the stage gave no answer. The message is the note for served_by.degraded."""

    _if_late = ""

    def as_error(self) -> Unavailable:
        """What to raise for a page that cannot do without the stage."""
        return Unavailable(f"{self}; retry{self._if_late}")


class Late(Missed):
    """Raised if the stage gave no answer within its limit."""

    _if_late = ", with a longer deadline_ms if it was too short"


class Stage:
    """Runs calls with a time limit, and cancels late ones.

    After `max_late` late calls in a row the stage rests for `rest_seconds`. So work that cannot be
    cancelled (a thread) does not pile up, and pages do not wait in vain. If a few callers made all
    those calls, it rests for these callers alone, because their requests may be the reason.
    """

    def __init__(
        self,
        name: str,
        through: tuple[type[AisleError], ...] = (),
        max_late: int = 8,
        rest_seconds: float = 1.0,
        fair_ms: float = 50.0,
    ) -> None:
        """`through` are errors that the page must raise, instead of doing without the stage.

        A limit below `fair_ms`, about an ordinary page's share, does not count as lateness of the
        stage. Then the caller's deadline is too short.
        """
        self.name = name
        self._through = through
        self._max_late = max_late
        self._rest_seconds = rest_seconds
        self._fair_ms = fair_ms
        # The callers of the last late calls in a row
        self._late_for: deque[str] = deque(maxlen=max_late)
        self._rests_until = 0.0
        self._rests_for: frozenset[str] = frozenset()

    async def run(self, call: Callable[[], Awaitable[Answer]], limit_ms: float) -> Answer:
        """The answer of `call` within the limit. Raises Missed, or an error in `through`."""
        if limit_ms <= 0:
            raise Late(f"{self.name}: deadline")
        if self._rests():
            raise Missed(f"{self.name}: resting after {self._max_late} late answers")
        limit = asyncio.timeout(limit_ms / 1e3)
        left = leaves_at.set(min(leaves_at.get(), time.monotonic() + limit_ms / 1e3))
        try:
            async with limit:
                answer = await call()
        except Exception as error:
            if limit.expired() or isinstance(error, CallerLeft):
                self._note_late(limit_ms)
                raise Late(f"{self.name}: deadline") from error
            self._late_for.clear()
            if isinstance(error, self._through):
                raise
            raise self._missed(error) from error
        finally:
            leaves_at.reset(left)
        self._late_for.clear()
        return answer

    def _rests(self) -> bool:
        if time.monotonic() >= self._rests_until:
            return False
        return len(self._rests_for) > self._max_late // 2 or asker.get() in self._rests_for

    def _missed(self, error: Exception) -> Missed:
        if isinstance(error, AisleError):
            return Missed(self._in_words(error))
        _LOG.exception("%s failed", self.name)
        return Missed(f"{self.name}: failed ({type(error).__name__})")

    def _in_words(self, error: AisleError) -> str:
        """The stage's own words, which may begin with its name already."""
        words = str(error)
        return words if words.startswith(f"{self.name}: ") else f"{self.name}: {words}"

    def _note_late(self, limit_ms: float) -> None:
        if limit_ms < self._fair_ms:
            return
        self._late_for.append(asker.get())
        if len(self._late_for) >= self._max_late:
            self._rests_until = time.monotonic() + self._rest_seconds
            self._rests_for = frozenset(self._late_for)
            self._late_for.popleft()  # after the rest, one more late call is enough
