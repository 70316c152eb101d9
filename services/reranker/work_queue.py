"""A queue before the cores that never grows longer than its callers can wait."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Deadline
from shared.errors import Overloaded

Result = TypeVar("Result")


class WorkQueue:
    """Runs calls on a few threads; refuses at once what would be late before it began."""

    def __init__(self, workers: int, max_waiting: int, guess_ms: float = 10) -> None:
        """`max_waiting` calls may wait, those without a deadline too.

        A call is believed to take `guess_ms`.
        """
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="reranker")
        self._workers = workers
        self._max_waiting = max_waiting
        self._cost = CostEstimate(guess_ms)
        self._inside = 0  # only touched on the event loop

    async def run(self, call: Callable[[], Result], deadline: Deadline) -> Result:
        """The result of `call`. Raises Overloaded when it would have to wait longer than it may."""
        waiting = max(self._inside - self._workers + 1, 0)
        wait_ms = self._cost.expected_ms(waiting) / self._workers
        if waiting > self._max_waiting or wait_ms >= deadline.remaining_ms():
            raise Overloaded(
                f"reranker: {waiting} requests wait already, about {wait_ms:.0f} ms; back off and retry"
            )
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._timed, call)
        finally:
            self._inside -= 1

    def close(self) -> None:
        """Finish what runs, drop what waits."""
        self._executor.shutdown(cancel_futures=True)

    def _timed(self, call: Callable[[], Result]) -> Result:
        began = perf_counter()
        result = call()
        self._cost.observe(1, (perf_counter() - began) * 1000)
        return result
