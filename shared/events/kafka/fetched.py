"""Converts fetched kafka-python records to records of the port."""

from typing import Any

from shared.events.kafka.batch import EVENT_ID
from shared.events.log import Record


def record(topic: str, fetched: Any) -> Record:
    """The record of a ConsumerRecord. `topic` is the port's name.

    Kafka's offsets start at 0, the port's at 1.
    """
    event_id = None
    for name, value in fetched.headers:
        if name == EVENT_ID:
            event_id = value.decode(errors="replace")
    return Record(
        offset=fetched.offset + 1,
        key=(fetched.key or b"").decode(errors="replace"),
        value=fetched.value,
        time_seconds=fetched.timestamp / 1000,
        event_id=event_id,
        topic=topic,
        partition=fetched.partition,
    )
