"""How far a worker has come."""

from collections import Counter
from dataclasses import dataclass, field

from shared import clock


@dataclass
class Progress:
    """Written by the worker, read by the service and the log report."""

    generation: str = ""
    applied_count: int = 0  # records whose effects are in the store
    duplicate_count: int = 0  # records of events that had been applied before
    dead_letter_count: int = 0  # unreadable records
    # Records that are not counted in full, by reason (shared/features/evidence.py)
    left_out: Counter[str] = field(default_factory=Counter)
    waiting_for: str = ""  # error of the server that is down; empty if none is
    stalled: str = ""  # why the log does not hand out its records; empty if it does
    # Log time of the newest record applied; 0: the end of the log is reached
    newest_seconds: float = 0.0

    def behind_seconds(self) -> float:
        """Age of the newest record applied, while there are more to read.

        0 at the end of the log.
        """
        return max(0.0, clock.now() - self.newest_seconds) if self.newest_seconds else 0.0

    @property
    def trouble(self) -> str:
        """Why no records are applied although there may be some. Empty if all is well."""
        return self.waiting_for or self.stalled

    def __str__(self) -> str:
        line = f"{self.applied_count:,} records applied, {self.duplicate_count:,} duplicates"
        line += f", {self.dead_letter_count:,} unreadable, {self.behind_seconds():.1f} s behind"
        if self.left_out:
            reasons = ", ".join(f"{name} {count:,}" for name, count in sorted(self.left_out.items()))
            line += f"; not counted: {reasons}"
        return f"{line}; waiting: {self.trouble}" if self.trouble else line
