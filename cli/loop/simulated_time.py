"""A clock on which days pass in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from shared import clock


@dataclass
class SimulatedTime:
    """Seconds since 1970; it never goes back."""

    seconds: float

    def __call__(self) -> float:
        return self.seconds

    @property
    def moment(self) -> datetime:
        """Now, on this clock."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def at_least(self, seconds: float) -> None:
        """Go on to a moment, in seconds since 1970."""
        self.seconds = max(self.seconds, seconds)

    @contextmanager
    def running(self) -> Iterator[None]:
        """This process has this clock until the block ends."""
        clock.run_on(self)
        try:
            yield
        finally:
            clock.run_on(None)
