"""Producers of kafka-python that never give up a record by themselves."""

import logging
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from shared.events.kafka.client import connected
from shared.events.kafka.config import KafkaConfig

_LOGGER = logging.getLogger(__name__)
_NEVER_MS = 7 * 24 * 3_600_000


def new_producer(config: KafkaConfig) -> Any:
    """A producer that is connected. Raises Unavailable, and whatever kafka-python raises."""
    return connected(
        KafkaProducer,
        config,
        acks="all",
        enable_idempotence=True,
        linger_ms=config.linger_ms,
        batch_size=config.batch_bytes,
        compression_type=None if config.compression == "none" else config.compression,
        allow_auto_create_topics=False,
        delivery_timeout_ms=_NEVER_MS,
        max_block_ms=config.away_ms // 2,
        metrics_enabled=False,
    )


def close(producer: Any, timeout_seconds: float) -> None:
    """Close it; if that takes too long, it is logged."""
    try:
        producer.close(timeout_seconds)
    except KafkaError as error:
        _LOGGER.warning("a producer was not closed in time: %s", error)
