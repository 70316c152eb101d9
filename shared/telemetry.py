"""Measures how long the stages of a request take."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


class Stopwatch:
    """Milliseconds by stage. A repeated stage adds to its time."""

    def __init__(self, spent_ms: float = 0.0) -> None:
        """`spent_ms` have passed already."""
        self.stage_ms: dict[str, float] = {}
        self._start = time.perf_counter() - spent_ms / 1e3

    def timed(self, stage: str) -> AbstractContextManager[None]:
        """Add the time that the block takes, whether it succeeds or not."""
        return self._timed(stage)

    def elapsed_ms(self) -> float:
        """Milliseconds since the start, in or between stages."""
        return (time.perf_counter() - self._start) * 1e3

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stage_ms[stage] = self.stage_ms.get(stage, 0.0) + (time.perf_counter() - start) * 1e3
