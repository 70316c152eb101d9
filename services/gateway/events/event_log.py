"""Which log the gateway writes to."""

from pathlib import Path

from services.gateway.config import GatewayConfig
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import SEARCH_LOGS, USER_EVENTS, EventLog
from shared.events.spooled import SpooledEventLog
from shared.events.sqlite import SqliteEventLog


def open_event_log(config: GatewayConfig, kafka: KafkaConfig) -> EventLog:
    """The log on Kafka with a spool for what shoppers did and saw.

    Without an address of Kafka, a file.

    To be called in the event loop. Raises Unavailable when another process has the file or the
    spool.
    """
    if not kafka.address:
        return SqliteEventLog(Path(config.log_path))
    spooled = (USER_EVENTS, SEARCH_LOGS)
    return SpooledEventLog(KafkaEventLog(kafka), Path(config.spool_path), spooled, config.max_spool_bytes)
