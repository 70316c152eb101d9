"""Settings of the join, read from AISLE_JOIN_*."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JoinConfig:
    """Time windows begin when the page is shown."""

    enabled: bool = True  # whether the process joins at all
    group: str = "aisle-join"  # consumer group; the generation of the folder is appended
    batch_records: int = 1_000  # records of the log in one transaction
    export_seconds: float = 300.0  # least time between two exports
    click_seconds: float = 1_800.0  # time window of all interactions but purchases
    purchase_days: int = 7  # time window of purchases
    late_days: int = 1  # interactions logged so long after the end of the time window do not count
    max_daily_interactions: int = 1_000  # a visitor with more on a day does not count
    least_visitors: int = 5  # visitors who typed a query before its text is kept
    keep_days: int = 90  # for impressions, and for queries since they were last typed
    keep_interaction_days: int = 400  # for interactions: some products are bought once a year
    max_bytes: int = 10_737_418_240  # of all tables; 0: no limit

    def __post_init__(self) -> None:
        counts = (self.batch_records, self.max_daily_interactions, self.least_visitors)
        kept = (self.keep_days, self.keep_interaction_days)
        if min(*counts, *kept, self.export_seconds, self.click_seconds, self.purchase_days) <= 0:
            raise ValueError("all settings but late_days and max_bytes must be more than 0")
        if min(self.late_days, self.max_bytes) < 0 or not self.group:
            raise ValueError("late_days and max_bytes must not be below 0, and group must not be empty")
        if self.click_seconds > self.purchase_days * 86_400:
            raise ValueError("click_seconds must not be longer than purchase_days")
