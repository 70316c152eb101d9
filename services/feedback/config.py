"""Settings of the feedback worker, read from AISLE_FEEDBACK_*."""

from dataclasses import dataclass

from shared.features.evidence import EvidenceLimits
from shared.listening import LOOPBACK

# Half of the events that a visitor's value remembers (shared/features/visitor.py, MAX_SEEN)
MAX_BATCH_RECORDS = 500
MAX_OF_VISITOR = 10_000  # a visitor's value is read for each page


@dataclass(frozen=True)
class FeedbackConfig:
    """Defaults suit two ordinary cores."""

    host: str = LOOPBACK  # address to listen on; [::] is every address of the machine
    port: int = 50055  # health, reflection and progress
    # Consumer group; the feature generation is appended
    group: str = "aisle-feedback"
    batch_records: int = 500  # records of the log applied together
    report_seconds: float = 60.0  # time between two progress lines in the process log
    # Limits for one visitor; the excess is not counted (docs/decisions/evidence-not-floods.md)
    visitor_minute_interactions: int = 120
    visitor_day_interactions: int = 2_000
    visitor_day_counted: int = 400  # each product of an event counts once, and again under its query
    visitor_day_shown: int = 1_000  # the same for pages
    # Whether pages of searches without a visitor_id count, and interactions that follow from them
    count_nobody: bool = False
    # Whether events that name no page of their visitor count for their products
    count_without_page: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.batch_records <= MAX_BATCH_RECORDS:
            raise ValueError(f"batch_records is {self.batch_records}; use 1 to {MAX_BATCH_RECORDS}")
        if self.report_seconds <= 0 or not self.group:
            raise ValueError("report_seconds must be more than 0, and group must not be empty")
        for name in ("minute_interactions", "day_interactions", "day_counted", "day_shown"):
            if not 1 <= (value := getattr(self, f"visitor_{name}")) <= MAX_OF_VISITOR:
                raise ValueError(f"visitor_{name} is {value}; use 1 to {MAX_OF_VISITOR}")

    @property
    def limits(self) -> EvidenceLimits:
        """The limits on one visitor's evidence."""
        return EvidenceLimits(
            minute_interactions=self.visitor_minute_interactions,
            day_interactions=self.visitor_day_interactions,
            day_counted=self.visitor_day_counted,
            day_shown=self.visitor_day_shown,
            counts_nobody=self.count_nobody,
            counts_without_page=self.count_without_page,
        )
