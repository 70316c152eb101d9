"""Which log the gateway writes to, and whether it follows what comes in there."""

from pathlib import Path

from services.gateway.config import GatewayConfig
from services.gateway.events.events_in import Append, EventsIn
from services.gateway.events.formats.reading import FORMATS
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import EVENTS_IN, SEARCH_LOGS, USER_EVENTS, EventLog
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


async def open_events_in(
    log: EventLog, append: Append, config: GatewayConfig, kafka: KafkaConfig
) -> EventsIn | None:
    """What follows aisle.events-in, which is on Kafka alone; None where that is not wanted."""
    if not kafka.address or not config.follow_events_in:
        return None
    consumer = await log.consumer([EVENTS_IN], config.events_in_group)
    return EventsIn(log, consumer, append, FORMATS.get(config.events_in_format))
