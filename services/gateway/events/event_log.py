"""Opens the log that the gateway writes to, and the follower of aisle.events-in."""

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
    """The log on Kafka, with a spool for events and impressions; a file if Kafka has no address.

    Call it in the event loop. Raises Unavailable if another process has the file or the spool.
    """
    if not kafka.address:
        return SqliteEventLog(Path(config.log_path))
    spooled = (USER_EVENTS, SEARCH_LOGS)
    return SpooledEventLog(KafkaEventLog(kafka), Path(config.spool_path), spooled, config.max_spool_bytes)


async def open_events_in(
    log: EventLog, append: Append, config: GatewayConfig, kafka: KafkaConfig
) -> EventsIn | None:
    """The follower of aisle.events-in. None without Kafka, or if the setting turns it off."""
    if not kafka.address or not config.follow_events_in:
        return None
    consumer = await log.consumer([EVENTS_IN], config.events_in_group)
    return EventsIn(log, consumer, append, FORMATS.get(config.events_in_format))
