"""A thread for blocking calls."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

Call = Callable[[], Any]


class CallThread:
    """Makes calls one after another.

    Unlike an executor's thread, it can be abandoned if a call never returns. As a daemon thread it
    does not keep the process from ending.
    """

    def __init__(self, name: str, at_end: Call = lambda: None) -> None:
        """`at_end` is the last call, after all others."""
        self._at_end = at_end
        self._calls: SimpleQueue[tuple[Future[Any], Call] | None] = SimpleQueue()  # None: end
        self._busy_since: float | None = None
        Thread(target=self._run, name=name, daemon=True).start()

    @property
    def busy_seconds(self) -> float:
        """How long the current call has taken. 0 if no call is running."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def submit(self, call: Call) -> Future[Any]:
        """Make a call after all those before it."""
        future: Future[Any] = Future()
        self._calls.put((future, call))
        return future

    def stop(self) -> None:
        """Stop after all calls submitted so far."""
        self._calls.put(None)

    def abandon(self, error: Exception) -> None:
        """Fail the waiting calls, and stop if the current one ever returns."""
        while (waiting := self._next()) is not None:
            if waiting[0].set_running_or_notify_cancel():
                waiting[0].set_exception(error)
        self.stop()

    def _next(self) -> tuple[Future[Any], Call] | None:
        try:
            return self._calls.get_nowait()
        except Empty:
            return None

    def _run(self) -> None:
        while (next_call := self._calls.get()) is not None:
            future, call = next_call
            if future.set_running_or_notify_cancel():
                self._busy_since = time.monotonic()
                _answer(future, call)
                self._busy_since = None
        self._at_end()


def _answer(future: Future[Any], call: Call) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # the caller receives the error
        future.set_exception(error)
