"""Creates kafka-python clients, and translates their errors."""

from collections.abc import Callable
from typing import Any

from kafka.errors import (
    InvalidRecordError,
    InvalidTimestampError,
    KafkaError,
    KafkaStorageError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    ThrottlingQuotaExceededError,
)
from kafka.net.compat import KafkaNetClient

from shared.errors import AisleError, InvalidRequest, Overloaded, StorageFull, Unavailable
from shared.events.kafka.config import KafkaConfig

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
# Caused by the record itself: Kafka would refuse it again
REFUSALS = (*TOO_LARGE, InvalidRecordError, InvalidTimestampError, PolicyViolationError)
REQUEST_MS = 10_000  # the request is repeated if a broker takes longer to answer


def connected(kind: Callable[..., Any], config: KafkaConfig, **settings: Any) -> Any:
    """A producer, consumer or admin client that has reached a broker.

    Raises Unavailable if no broker answers in time.
    """
    if not config.address:
        raise InvalidRequest("AISLE_KAFKA_ADDRESS", "is not set; name a broker, such as localhost:9092")
    nets: list[KafkaNetClient] = []

    def net(**options: Any) -> KafkaNetClient:
        nets.append(KafkaNetClient(**options))
        return nets[-1]

    try:
        return kind(
            bootstrap_servers=config.address.split(","),
            bootstrap_timeout_ms=config.away_ms,
            reconnect_backoff_max_ms=1_000,
            request_timeout_ms=REQUEST_MS,
            client_id="aisle",
            kafka_client=net,
            **settings,
        )
    except KafkaError as error:
        for each in nets:  # a client whose constructor fails leaves its thread and sockets open
            each.close()
        raise Unavailable(f"Kafka at {config.address} does not answer ({error}); retry later") from error


def meaning(error: Exception, address: str) -> AisleError:
    """The AisleError for an error of Kafka. AisleErrors are returned unchanged."""
    if isinstance(error, AisleError):
        return error
    if isinstance(error, KafkaStorageError):
        return StorageFull(f"Kafka at {address} cannot write to its disk ({error}); free some space, retry")
    if isinstance(error, ThrottlingQuotaExceededError):
        return Overloaded(f"Kafka at {address} asks for a pause ({error}); retry later")
    return Unavailable(f"Kafka at {address} cannot be used ({error}); retry later")
