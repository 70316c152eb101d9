"""Threads for the work of pages.

A process that serves pages keeps its event loop free for callers. A page worker has one caller, which
waits for it anyway, and there threads would only take turns with the interpreter. So it works on the
event loop, one page after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from shared.native_panic import answer_of

Result = TypeVar("Result")

_in_turn = False


def work_in_turn() -> None:
    """Let all work of this process run on its event loop. Call it before anything is opened."""
    global _in_turn
    _in_turn = True


def works_in_turn() -> bool:
    """Whether this process runs the work of pages on its event loop."""
    return _in_turn


class Threads:
    """A few threads, or the event loop (see `work_in_turn`)."""

    def __init__(self, count: int, name: str) -> None:
        """`name` is the beginning of the threads' names."""
        self._pool = None if _in_turn else ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of the work. Raises its errors, and a native library's panic as a RuntimeError."""
        if self._pool is None:
            return answer_of(work)
        return await asyncio.get_running_loop().run_in_executor(self._pool, answer_of, work)

    def begin(self, work: Callable[[], Result]) -> Future[Result]:
        """Begin work whose result is needed later."""
        if self._pool is not None:
            return self._pool.submit(answer_of, work)
        done: Future[Result] = Future()
        try:
            done.set_result(answer_of(work))
        except Exception as error:
            done.set_exception(error)
        return done

    def close(self) -> None:
        """Finish running work, and drop what waits."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
