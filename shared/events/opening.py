"""Opens the log that processes share, as the environment configures it."""

from shared.config import load
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog


def open_log() -> KafkaEventLog:
    """The log on Kafka.

    Raises SystemExit if no broker is configured. A broker that is down is awaited later.
    """
    config = load(KafkaConfig)
    if not config.address:
        raise SystemExit("AISLE_KAFKA_ADDRESS is not set; name a broker, such as localhost:9092")
    return KafkaEventLog(config)
