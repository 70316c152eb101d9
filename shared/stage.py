"""One thing a page asks for, that it can do without when it does not come."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import AisleError

Answer = TypeVar("Answer")

_logger = logging.getLogger(__name__)


class Missed(Exception):
    """The stage gave no answer; the message is the note for served_by.degraded."""


class Late(Missed):
    """It gave none within its limit."""


class Stage:
    """Calls with a limit, cancels what is late, and drops a late answer.

    After `max_late` late calls in a row it rests for `rest_seconds`: work that a cancellation does not stop (a thread)
    cannot pile up behind pages that gave up long ago, and pages do not wait for what will not come.
    """

    def __init__(
        self,
        name: str,
        through: tuple[type[AisleError], ...] = (),
        max_late: int = 8,
        rest_seconds: float = 1.0,
        fair_ms: float = 50.0,
    ) -> None:
        """`through` are the errors that are for the page, not reasons to do without the stage.

        Lateness under a limit below `fair_ms` says more about the caller's deadline than about the stage.
        """
        self.name, self._through = name, through
        self._max_late, self._rest_seconds, self._fair_ms = max_late, rest_seconds, fair_ms
        self._late_in_a_row = 0
        self._rests_until = 0.0

    async def run(self, call: Callable[[], Awaitable[Answer]], limit_ms: float) -> Answer:
        """The answer of `call` within the limit. Raises Missed, or an error that goes through."""
        if limit_ms <= 0:
            raise Late(f"{self.name}: deadline")
        if time.monotonic() < self._rests_until:
            raise Missed(f"{self.name}: resting after {self._max_late} late answers")
        task = asyncio.ensure_future(_awaited(call))
        try:
            done, _ = await asyncio.wait({task}, timeout=limit_ms / 1e3)
        finally:
            if not task.done():  # late, or the page itself was cancelled; nobody waits for it any longer
                task.add_done_callback(_drop)
                task.cancel()
        if not done:
            self._note_late(limit_ms)
            raise Late(f"{self.name}: deadline")
        self._late_in_a_row = 0
        return self._answer(task)

    def _answer(self, task: asyncio.Future[Answer]) -> Answer:
        try:
            return task.result()
        except AisleError as error:
            if isinstance(error, self._through):
                raise
            raise Missed(self._in_words(error)) from error
        except Exception as error:
            _logger.exception("%s failed", self.name)
            raise Missed(f"{self.name}: failed ({type(error).__name__})") from error

    def _in_words(self, error: AisleError) -> str:
        """The stage's own words, which may begin with its name already."""
        words = str(error)
        return words if words.startswith(f"{self.name}: ") else f"{self.name}: {words}"

    def _note_late(self, limit_ms: float) -> None:
        if limit_ms < self._fair_ms:
            return
        self._late_in_a_row += 1
        if self._late_in_a_row >= self._max_late:
            self._rests_until = time.monotonic() + self._rest_seconds
            self._late_in_a_row = self._max_late - 1  # after the rest, one more late answer is enough


async def _awaited(call: Callable[[], Awaitable[Answer]]) -> Answer:
    return await call()


def _drop(task: asyncio.Future[Answer]) -> None:
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not report it as forgotten
