"""The contract of every event log, for the one on a real Kafka."""

from tests.contract.kafka_event_log import KafkaEventLogContract


class TestKafkaEventLog(KafkaEventLogContract):
    """On the broker that all tests share."""
