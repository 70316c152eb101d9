"""A stopwatch that asks whether the caller still waits."""

from __future__ import annotations

from contextlib import AbstractContextManager

from shared.caller import PATIENT, Caller
from shared.telemetry import Stopwatch


class Clock(Stopwatch):
    """Milliseconds by stage. No stage begins once the caller has left."""

    def __init__(self, caller: Caller = PATIENT) -> None:
        super().__init__()
        self.caller = caller

    def timed(self, stage: str) -> AbstractContextManager[None]:
        """See Stopwatch. Raises CallerLeft."""
        self.caller.check()
        return super().timed(stage)
