"""The time a page may take, and what became of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """One deadline for the whole page; notes how long each stage took and what was left out."""

    def __init__(self, budget_ms: float, spent_ms: float = 0.0) -> None:
        """`spent_ms` of the budget have passed already."""
        self.budget_ms = budget_ms
        self.stage_ms: dict[str, float] = {}
        self.degraded: list[str] = []
        self._start = time.perf_counter() - spent_ms / 1e3

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self._start) * 1e3

    def left_ms(self) -> float:
        """Negative once the deadline has passed."""
        return self.budget_ms - self.elapsed_ms()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note the milliseconds that the block took."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stage_ms[stage] = self.stage_ms.get(stage, 0.0) + (time.perf_counter() - start) * 1e3

    def left_out(self, note: str) -> None:
        """Note what the page goes without, and why, such as "reranker: deadline"."""
        if note not in self.degraded:
            self.degraded.append(note)
