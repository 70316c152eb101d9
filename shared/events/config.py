"""Settings of the SQLite log, read from AISLE_LOG_*."""

from dataclasses import dataclass

DAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class LogConfig:
    """The age and size up to which `aisle serve` keeps shoppers' records that have been counted."""

    retention_days: float = 90.0  # of events, impressions and dead letters; 0: forever
    # Above this size of the file, the oldest events and impressions are removed; 0: no limit
    max_bytes: int = 8_589_934_592

    def __post_init__(self) -> None:
        if self.retention_days < 0 or self.max_bytes < 0:
            raise ValueError("retention_days and max_bytes are at least 0; 0 means no limit")

    def oldest_seconds(self, now_seconds: float) -> float:
        """The time before which records are removed. 0 if none are."""
        return now_seconds - self.retention_days * DAY_SECONDS if self.retention_days else 0.0
