"""Runs batches of one call on several threads at once, if that is faster."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Clock
from services.reranker.query import Matrix

Part = Callable[[slice], Matrix]  # rows to scores

_MUCH_FASTER = 0.85  # the other cores have other work, too
_LOOK_AGAIN = 16  # calls; the gain changes with the machine's other work


class SideBySide:
    """Threads that share the batches of a call. Each uses one thread of the engine.

    This is faster than threads inside the engine, which synchronise after each operator. The
    batches are always the same, because an int8 engine takes its range from all rows of a batch.
    One caller at a time uses the other threads, and only while a core is idle. Otherwise it would
    delay waiting requests. Measurements decide whether it pays.
    """

    def __init__(self, threads: int, idle: object = True, clock: Clock = time.monotonic) -> None:
        """`threads` includes the caller's own. `idle` is true while a core is idle."""
        self.threads = threads
        self._idle = idle
        self._clock = clock
        self._others = ThreadPoolExecutor(threads - 1, thread_name_prefix="side") if threads > 1 else None
        self._free = Lock()
        self._calls = 0
        # Both begin at 0, so that each is tried early
        self._alone = CostEstimate(0)
        self._shared = CostEstimate(0)

    def scores(self, part: Part, count: int, batch: int) -> Sequence[Matrix]:
        """The results of `part` for consecutive slices of `count` rows, `batch` of them each.

        Raises any error of `part`.
        """
        slices = [slice(begin, begin + batch) for begin in range(0, max(count, 1), batch)]
        if (
            self._others is None
            or len(slices) == 1
            or not self._idle
            or not self._free.acquire(blocking=False)
        ):
            return _in_turn(part, slices)
        try:
            return self._measured(self._others, part, slices)
        finally:
            self._free.release()

    def _measured(self, others: ThreadPoolExecutor, part: Part, slices: Sequence[slice]) -> Sequence[Matrix]:
        sharing = self._choice()
        began = self._clock()
        scores = _shared(others, part, slices) if sharing else _in_turn(part, slices)
        (self._shared if sharing else self._alone).observe(len(slices), (self._clock() - began) * 1000)
        return scores

    def _choice(self) -> bool:
        """Whether to share: the better way so far, and from time to time the other way."""
        self._calls += 1
        better = self._shared.expected_ms() < _MUCH_FASTER * self._alone.expected_ms()
        return better != (self._calls % _LOOK_AGAIN == 0)


ALONE = SideBySide(1)


def _in_turn(part: Part, slices: Sequence[slice]) -> Sequence[Matrix]:
    return [part(rows) for rows in slices]


def _shared(others: ThreadPoolExecutor, part: Part, slices: Sequence[slice]) -> Sequence[Matrix]:
    """The other threads begin at the front, and the caller, after the first slice, at the back."""
    first, *rest = slices
    waiting = [others.submit(part, rows) for rows in rest]
    scores: list[Matrix | None] = [part(first)]
    mine = [
        part(rows) if future.cancel() else None
        for rows, future in reversed(list(zip(rest, waiting, strict=True)))
    ]
    scores.extend(reversed(mine))
    return [waiting[place - 1].result() if each is None else each for place, each in enumerate(scores)]
