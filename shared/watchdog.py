"""Reports work of a process that has not moved for half a minute, on standard error.

A thread names the work, its last step, and the stack of every thread. It cannot run while a native
library holds Python's interpreter and waits. Then faulthandler, which needs no interpreter, writes
"Timeout" and the stacks of all threads.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from shared.thread_stacks import thread_stacks

SILENCE_SECONDS = 30.0
_LOOKS = 10  # checks in that time
_LOG = logging.getLogger(__name__)
# Tasks and asyncio's threads inherit it
_current: ContextVar[_Work | None] = ContextVar("work", default=None)

Report = Callable[[str], None]
Clock = Callable[[], float]


@dataclass(eq=False)
class _Work:
    name: str
    parent: _Work | None
    moved_seconds: float
    patience_seconds: float  # of silence until the next report
    step: str = ""

    def lineage(self) -> Iterator[_Work]:
        """The work, and the work that contains it, from the inside out."""
        work: _Work | None = self
        while work:
            yield work
            work = work.parent


class Watchdog:
    """Watches work in any thread or task. Its own thread runs only while there is some."""

    def __init__(
        self,
        silence_seconds: float = SILENCE_SECONDS,
        report: Report = _LOG.warning,
        clock: Clock = time.monotonic,
    ) -> None:
        self._silence_seconds = silence_seconds
        self._report = report
        self._clock = clock
        self._works: list[_Work] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """Watch the block. It shows that it moves by calling `progress`."""
        work = _Work(name, _current.get(), self._clock(), self._silence_seconds)
        token = _current.set(work)
        self._begin(work)
        try:
            yield
        finally:
            self.progress()
            self._end(work)
            _current.reset(token)

    def progress(self, step: str = "") -> None:
        """Record that the work of this thread or task moves.

        `step` describes its current step, and may be left out.
        """
        innermost = _current.get()
        now = self._clock()
        for work in innermost.lineage() if innermost else ():
            work.moved_seconds = now
            work.patience_seconds = self._silence_seconds
            work.step = step or work.step

    def look(self) -> None:
        """Report work that is silent for too long, each time after twice the silence.

        Only the innermost work is reported, which stands for the work around it.
        """
        now = self._clock()
        with self._changed:
            parents = {work.parent for work in self._works}
            silent = [work for work in self._works if work not in parents and _silence(work, now) > 0]
        for work in silent:
            work.patience_seconds *= 2
            self._report(_description(work, now - work.moved_seconds))

    def _begin(self, work: _Work) -> None:
        with self._changed:
            if not self._works:
                # The thread may never get the interpreter again
                _watch_interpreter(self._silence_seconds)
            self._works.append(work)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()

    def _end(self, work: _Work) -> None:
        with self._changed:
            self._works.remove(work)
            if not self._works:
                faulthandler.cancel_dump_traceback_later()

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._works)
                _watch_interpreter(self._silence_seconds)
            time.sleep(self._silence_seconds / _LOOKS)
            self.look()


def _silence(work: _Work, now: float) -> float:
    """Seconds of silence beyond the work's limit."""
    return now - work.moved_seconds - work.patience_seconds


def _description(work: _Work, seconds: float) -> str:
    last = f"; its last step: {work.step}" if work.step else ""
    return f"{work.name}: nothing has moved for {seconds:.0f} s{last}. The threads are in:\n{thread_stacks()}"


def _watch_interpreter(seconds: float) -> None:
    """Write all stacks if this is not called again in time.

    It works while no thread gets the interpreter.
    """
    if sys.__stderr__ is not None and not sys.__stderr__.closed:
        faulthandler.dump_traceback_later(seconds, file=sys.__stderr__)


_process = Watchdog()
watching = _process.watching
progress = _process.progress
