"""Settings of the log on Kafka, read from AISLE_KAFKA_* in the environment."""

import re
from dataclasses import dataclass

COMPRESSIONS = ("none", "gzip", "lz4")


@dataclass(frozen=True)
class KafkaConfig:
    """Kafka's address, how records are sent, and how the topics are configured."""

    address: str = ""  # host:port of brokers, comma-separated; empty: no Kafka
    # Prefix of every topic and group, so that shops can share a cluster
    topic_prefix: str = ""
    partitions: int = 4  # of events, those that come in, and impressions
    replication: int = 1  # copies of every partition; a write waits for all but one of them
    retention_days: int = 90  # of events, impressions and dead letters; 0: forever
    tombstone_days: int = 30  # a replica that is down for longer starts from a newer snapshot
    compression: str = "lz4"  # none, gzip or lz4
    linger_ms: int = 5  # time that a record waits for others to share its batch
    batch_bytes: int = 131_072
    max_waiting_records: int = 50_000  # unacknowledged records; more are refused
    max_waiting_bytes: int = 67_108_864
    away_ms: int = 2_000  # without an answer for so long, Kafka counts as down
    recent_event_ids: int = 50_000  # event_ids remembered to detect duplicates, 0.3 to 1 kB each

    def __post_init__(self) -> None:
        for each in filter(None, self.address.split(",")):
            host, _, port = each.rpartition(":")
            if not host.strip() or host != host.strip() or not port.isdigit():
                raise ValueError(
                    f"address {each!r} is not host:port; separate several by commas, without spaces"
                )
        if not re.fullmatch(r"[A-Za-z0-9._-]{0,200}", self.topic_prefix):
            raise ValueError(
                f"topic_prefix {self.topic_prefix!r}: use up to 200 letters, digits, '.', '_' and '-'"
            )
        if self.compression not in COMPRESSIONS:
            raise ValueError(
                f"compression {self.compression!r} is unknown; use one of: {', '.join(COMPRESSIONS)}"
            )
        at_least_one = (
            "partitions",
            "replication",
            "tombstone_days",
            "max_waiting_records",
            "max_waiting_bytes",
        )
        for name in at_least_one:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.away_ms < 100:
            raise ValueError("away_ms must be at least 100")
