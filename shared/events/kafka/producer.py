"""Producers of kafka-python that never drop a record on their own."""

import logging
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from shared.events.kafka.client import connected
from shared.events.kafka.config import KafkaConfig

_LOG = logging.getLogger(__name__)
_NEVER_MS = 7 * 24 * 3_600_000


def new_producer(config: KafkaConfig) -> Any:
    """A connected producer. Raises Unavailable, and kafka-python's errors."""
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


def stop_sending(producer: Any) -> None:
    """Stop a producer from sending anything more, at once.

    close() would first wait for the records that are to be dropped. This uses private parts of
    kafka-python, which a test watches.
    """
    producer._sender.force_close()


def close_stopped(producer: Any, timeout_seconds: float) -> None:
    """Close a stopped producer, once its thread has ended."""
    producer._sender.join(timeout_seconds)
    close(producer, 0)


def close(producer: Any, timeout_seconds: float) -> None:
    """Close the producer. A slow close is logged."""
    try:
        producer.close(timeout_seconds)
    except KafkaError as error:
        _LOG.warning("a producer was not closed in time: %s", error)
