"""How far a worker has come."""

from collections import Counter
from dataclasses import dataclass, field

from shared import clock


@dataclass
class Progress:
    """Written by the worker, read by whoever asks."""

    generation: str = ""
    applied_count: int = 0  # records whose effects are in the store
    duplicate_count: int = 0  # records that told again what was known
    dead_letter_count: int = 0  # records that nobody can read
    # Records of which something counts for nothing, by reason (shared/features/evidence.py)
    left_out: Counter[str] = field(default_factory=Counter)
    waiting_for: str = ""  # what is down, in its own words; empty when all is well
    stalled: str = ""  # that the log does not hand out what it holds; empty when it does
    # When the newest record applied was logged; 0: the end of the log has been reached
    newest_seconds: float = 0.0

    def behind_seconds(self) -> float:
        """Age of the newest record applied while there is more to read; 0 at the end of the log."""
        return max(0.0, clock.now() - self.newest_seconds) if self.newest_seconds else 0.0

    @property
    def trouble(self) -> str:
        """Why nothing is applied, although there may be something; empty when all is well."""
        return self.waiting_for or self.stalled

    def __str__(self) -> str:
        said = f"{self.applied_count:,} records applied, {self.duplicate_count:,} told twice"
        said += f", {self.dead_letter_count:,} unreadable, {self.behind_seconds():.1f} s behind"
        if self.left_out:
            reasons = ", ".join(f"{name} {count:,}" for name, count in sorted(self.left_out.items()))
            said += f"; not counted: {reasons}"
        return f"{said}; waiting: {self.trouble}" if self.trouble else said
