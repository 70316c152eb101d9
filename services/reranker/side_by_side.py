"""Batches of one call on several threads at once, where that is faster."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Clock
from services.reranker.query import Matrix

Part = Callable[[slice], Matrix]  # rows to scores

_MUCH_FASTER = 0.85  # the other cores have something else to do, too
_LOOK_AGAIN = 16  # calls; what pays changes with the machine's other work


class SideBySide:
    """Threads that share the batches of a call, each with an engine's one thread.

    Faster than threads inside the engine, which meet after each of its operators. The batches are
    always the same, whoever computes them, because an engine in int8 takes its range from all rows
    of a batch. One caller at a time has the other threads, and only while a core is idle: else they
    would take it from requests that wait, if only to be refused. Whether it pays at all is measured
    as it goes.
    """

    def __init__(self, threads: int, idle: object = True, clock: Clock = time.monotonic) -> None:
        """`threads` with the caller's own; `idle` is true or false at the moment when it is asked."""
        self.threads = threads
        self._idle = idle
        self._clock = clock
        self._others = ThreadPoolExecutor(threads - 1, thread_name_prefix="side") if threads > 1 else None
        self._free = Lock()
        self._calls = 0
        # So that each is tried at once
        self._alone = CostEstimate(0)
        self._shared = CostEstimate(0)

    def scores(self, part: Part, count: int, batch: int) -> Sequence[Matrix]:
        """What `part` gives for consecutive slices of `count` rows, `batch` of them each.

        Whatever it raises.
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
        """Whether to share: what has been better, and now and then the other way."""
        self._calls += 1
        better = self._shared.expected_ms() < _MUCH_FASTER * self._alone.expected_ms()
        return better != (self._calls % _LOOK_AGAIN == 0)


ALONE = SideBySide(1)


def _in_turn(part: Part, slices: Sequence[slice]) -> Sequence[Matrix]:
    return [part(rows) for rows in slices]


def _shared(others: ThreadPoolExecutor, part: Part, slices: Sequence[slice]) -> Sequence[Matrix]:
    """The others begin at the front and the caller, after the first slice, at the back."""
    first, *rest = slices
    waiting = [others.submit(part, rows) for rows in rest]
    scores: list[Matrix | None] = [part(first)]
    mine = [
        part(rows) if future.cancel() else None
        for rows, future in reversed(list(zip(rest, waiting, strict=True)))
    ]
    scores.extend(reversed(mine))
    return [waiting[place - 1].result() if each is None else each for place, each in enumerate(scores)]
