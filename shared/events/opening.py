"""The log that processes share, from the environment."""

from shared.config import load
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog


def open_log() -> KafkaEventLog:
    """The log on Kafka.

    Raises SystemExit when no broker is named; one that is away is waited for later.
    """
    config = load(KafkaConfig)
    if not config.address:
        raise SystemExit("AISLE_KAFKA_ADDRESS is not set; name a broker, such as localhost:9092")
    return KafkaEventLog(config)
