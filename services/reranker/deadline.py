"""The deadline of an answer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]  # seconds


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a monotonic clock. Infinite without a limit."""

    at_seconds: float
    clock: Clock = time.monotonic

    @classmethod
    def after(cls, budget_ms: float, clock: Clock = time.monotonic) -> Deadline:
        """The moment `budget_ms` from now. 0 means no limit."""
        return cls(clock() + budget_ms / 1000 if budget_ms else math.inf, clock)

    def remaining_ms(self) -> float:
        """The remaining time. Negative once it has passed."""
        return (self.at_seconds - self.clock()) * 1000

    def sooner_by(self, reserve_ms: float) -> Deadline:
        """The same deadline, earlier by the time that later work needs."""
        return Deadline(self.at_seconds - reserve_ms / 1000, self.clock)
