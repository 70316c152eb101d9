"""The topics as configured, and how existing ones differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import InvalidRequest
from shared.events.kafka.config import KafkaConfig
from shared.events.log import COMPACTED, EVENTS_IN, SINGLE, TOPICS

_DAY_MS = 24 * 3_600_000
_FOR_EVER = -1
_RETENTION = ("retention.ms", "delete.retention.ms")
_SEGMENT_BYTES = 128 << 20  # the newest segment is not compacted


@dataclass(frozen=True)
class Topic:
    """A topic by its name in Kafka."""

    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """The changes to make, and the differences from the configuration that stay."""

    partitions: int = 0  # the number of partitions to grow to; 0: unchanged
    settings: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def wanted(config: KafkaConfig) -> list[Topic]:
    """The topics that the settings ask for."""
    return [_wanted(config, name) for name in (*TOPICS, EVENTS_IN)]


def _wanted(config: KafkaConfig, name: str) -> Topic:
    settings = {
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": str(max(1, config.replication - 1)),
    }
    if name in COMPACTED:
        retention = str(config.tombstone_days * _DAY_MS)
        settings |= {
            "cleanup.policy": "compact",
            "delete.retention.ms": retention,
            "segment.bytes": str(_SEGMENT_BYTES),
        }
    else:
        retention = str(config.retention_days * _DAY_MS or _FOR_EVER)
        settings |= {"cleanup.policy": "delete", "retention.ms": retention}
    partitions = 1 if name in SINGLE else config.partitions
    return Topic(config.topic_prefix + name, partitions, config.replication, settings)


def difference(configured: Topic, existing: Topic, partitions: int) -> Difference:
    """The changes that bring a topic to its configuration.

    Partitions are never removed, and retention is never shortened. `partitions` is the number that
    it must have: the configured one, or more if another topic with the same visitors has more.
    Raises InvalidRequest if a compacted topic has several partitions, which cannot be undone.
    """
    if configured.settings["cleanup.policy"] == "compact" and existing.partitions > 1:
        remedy = "delete the topic, or use another AISLE_KAFKA_TOPIC_PREFIX"
        why = "the order of catalogue writes needs a single one"
        raise InvalidRequest(configured.name, f"has {existing.partitions} partitions; {remedy}: {why}")
    notes = []
    if existing.partitions > configured.partitions:
        notes.append(f"{existing.partitions} partitions stay, {configured.partitions} are configured")
    if existing.replication != configured.replication:
        stays = f"replication stays {existing.replication}"
        notes.append(f"{stays}, {configured.replication} is configured: reassign partitions")
    settings = {}
    for name, value in configured.settings.items():
        if name == "min.insync.replicas":
            value = str(min(int(value), existing.replication))
        if existing.settings.get(name) == value:
            continue
        if name in _RETENTION and _longer(existing.settings.get(name, "0"), value):
            notes.append(f"{name} stays {existing.settings[name]}, {value} is configured: shorten it by hand")
        else:
            settings[name] = value
    return Difference(partitions if existing.partitions < partitions else 0, settings, tuple(notes))


def _longer(one_ms: str, other_ms: str) -> bool:
    one = int(one_ms)
    other = int(other_ms)
    return other != _FOR_EVER and (one == _FOR_EVER or one > other)
