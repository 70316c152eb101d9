"""Settings of the feedback worker, read from AISLE_FEEDBACK_*."""

from dataclasses import dataclass

from shared.listening import LOOPBACK

# Half of what a visitor's value remembers (shared/features/visitor.py, MAX_SEEN)
MAX_BATCH_RECORDS = 500


@dataclass(frozen=True)
class FeedbackConfig:
    """Defaults suit two ordinary cores."""

    host: str = LOOPBACK  # where it listens; [::] is every address of the machine
    port: int = 50055  # health, reflection and progress
    # Consumer group; the generation of the feature store is added to it
    group: str = "aisle-feedback"
    batch_records: int = 500  # of the log, applied together
    report_seconds: float = 60.0  # how often the log says how far it has come

    def __post_init__(self) -> None:
        if not 1 <= self.batch_records <= MAX_BATCH_RECORDS:
            raise ValueError(f"batch_records is {self.batch_records}; use 1 to {MAX_BATCH_RECORDS}")
        if self.report_seconds <= 0 or not self.group:
            raise ValueError("report_seconds is more than 0, and group not empty")
