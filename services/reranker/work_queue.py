"""A queue whose length is limited by its callers' deadlines."""

from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Deadline
from shared.errors import Overloaded
from shared.threads import Threads

Result = TypeVar("Result")


class WorkQueue:
    """Runs calls on a few threads. Refuses at once a call that would be late before it began."""

    def __init__(self, workers: int, max_waiting: int, guess_ms: float = 10) -> None:
        """`max_waiting` calls may wait, including those without a deadline.

        A call is expected to take `guess_ms` at first.
        """
        self._threads = Threads(workers, "reranker")
        self._workers = workers
        self._max_waiting = max_waiting
        self._cost = CostEstimate(guess_ms)
        self._inside = 0  # only used on the event loop

    async def run(self, call: Callable[[], Result], deadline: Deadline) -> Result:
        """The result of `call`. Raises Overloaded if it would have to wait too long."""
        waiting = max(self._inside - self._workers + 1, 0)
        wait_ms = self._cost.expected_ms(waiting) / self._workers
        if waiting > self._max_waiting or wait_ms >= deadline.remaining_ms():
            raise Overloaded(
                f"reranker: {waiting} requests wait already, about {wait_ms:.0f} ms; back off and retry"
            )
        self._inside += 1
        try:
            return await self._threads.run(lambda: self._timed(call))
        finally:
            self._inside -= 1

    def close(self) -> None:
        """Finish running calls, and drop waiting ones."""
        self._threads.close()

    def _timed(self, call: Callable[[], Result]) -> Result:
        began = perf_counter()
        result = call()
        self._cost.observe(1, (perf_counter() - began) * 1000)
        return result
