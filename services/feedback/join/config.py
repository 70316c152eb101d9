"""Settings of the join, read from AISLE_JOIN_*."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JoinConfig:
    """Windows count from when the page was shown."""

    enabled: bool = True  # whether the process joins at all
    group: str = "aisle-join"  # consumer group; the name of the folder's generation is added to it
    batch_records: int = 1_000  # of the log, in one transaction
    export_seconds: float = 300.0  # from one export to the next, at least
    click_seconds: float = 1_800.0  # window of everything but purchases
    purchase_days: int = 7
    late_days: int = 1  # what the log gets that much later than the window's end does not count
    max_daily_interactions: int = 1_000  # more in a day, and nothing of this visitor counts
    least_visitors: int = 5  # who typed a query, before its text is kept
    keep_days: int = 90  # of impressions, and of queries that nobody types
    keep_interaction_days: int = 400  # of interactions: some products are bought once a year
    max_bytes: int = 10_737_418_240  # of all tables; 0: no limit

    def __post_init__(self) -> None:
        counts = (self.batch_records, self.max_daily_interactions, self.least_visitors)
        kept = (self.keep_days, self.keep_interaction_days)
        if min(*counts, *kept, self.export_seconds, self.click_seconds, self.purchase_days) <= 0:
            raise ValueError("all but late_days and max_bytes are more than 0")
        if min(self.late_days, self.max_bytes) < 0 or not self.group:
            raise ValueError("late_days and max_bytes are not below 0, and group is not empty")
        if self.click_seconds > self.purchase_days * 86_400:
            raise ValueError("click_seconds is longer than purchase_days")
