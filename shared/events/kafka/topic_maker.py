"""Makes the topics in Kafka."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from shared.errors import Unavailable
from shared.events.kafka.client import connected, meaning
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.topics import Topic, difference, wanted
from shared.events.log import CO_PARTITIONED


@dataclass(frozen=True)
class TopicReport:
    """The outcome for a topic. `notes` list the differences from the configuration that stay."""

    name: str
    partitions: int
    replication: int
    made: bool = False
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def make_topics(config: KafkaConfig) -> list[TopicReport]:
    """Make missing topics and change those that differ, as `topics.difference` defines.

    A second run changes nothing.

    Raises Unavailable if Kafka is down or refuses, InvalidRequest if a topic cannot be changed as
    configured.
    """
    admin = connected(KafkaAdminClient, config)
    try:
        return _make_topics(admin, config)
    except KafkaError as error:
        raise meaning(error, config.address) from error
    finally:
        admin.close()


def _make_topics(admin: Any, config: KafkaConfig) -> list[TopicReport]:
    topics = wanted(config)
    existing = _existing(admin, [topic.name for topic in topics])
    shared = {config.topic_prefix + name for name in CO_PARTITIONED}
    most = max([config.partitions, *(existing[name].partitions for name in shared & set(existing))])
    reports = []
    for topic in topics:
        partitions = most if topic.name in shared else topic.partitions
        if topic.name in existing:
            reports.append(_adjusted(admin, topic, existing[topic.name], partitions))
        else:
            reports.append(_made(admin, topic, partitions))
    return reports


def _existing(admin: Any, names: Iterable[str]) -> dict[str, Topic]:
    """The existing ones among the topics, with all their settings."""
    found = {}
    for topic in admin.describe_topics(list(names)):
        if partitions := topic["partitions"]:
            resource = ConfigResource(ConfigResourceType.TOPIC, topic["name"], None)
            settings = admin.describe_configs([resource], config_filter="all")["topic"][topic["name"]]
            values = {name: setting["value"] for name, setting in settings.items()}
            found[topic["name"]] = Topic(
                topic["name"], len(partitions), len(partitions[0]["replica_nodes"]), values
            )
    return found


def _made(admin: Any, topic: Topic, partitions: int) -> TopicReport:
    request = {
        "num_partitions": partitions,
        "replication_factor": topic.replication,
        "configs": dict(topic.settings),
    }
    try:
        admin.create_topics({topic.name: request}, wait_for_metadata=True)
    except TopicAlreadyExistsError:  # another process made it at the same time
        return TopicReport(topic.name, partitions, topic.replication)
    return TopicReport(topic.name, partitions, topic.replication, made=True)


def _adjusted(admin: Any, topic: Topic, existing: Topic, partitions: int) -> TopicReport:
    differs = difference(topic, existing, partitions)
    changes = [f"{name} {existing.settings.get(name)} -> {value}" for name, value in differs.settings.items()]
    if differs.partitions:
        admin.create_partitions({topic.name: differs.partitions})
        changes.append(f"partitions {existing.partitions} -> {differs.partitions}")
    if differs.settings:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, differs.settings)
        outcome = admin.alter_configs([resource])["topic"][topic.name]
        if outcome != "OK":
            raise Unavailable(f"{topic.name}: its settings were not changed: {outcome}")
    return TopicReport(
        topic.name,
        differs.partitions or existing.partitions,
        existing.replication,
        False,
        tuple(changes),
        differs.notes,
    )


def delete_topics(config: KafkaConfig) -> None:
    """Remove the topics with all their records; for tests."""
    admin = connected(KafkaAdminClient, config)
    try:
        admin.delete_topics(list(_existing(admin, [topic.name for topic in wanted(config)])))
    finally:
        admin.close()
