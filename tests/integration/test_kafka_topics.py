"""Topics on a real broker: made, adjusted, compacted, and shared among consumers."""

import asyncio
import json
import time
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from cli.app import app
from shared.errors import InvalidRequest
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.consumer import KafkaLogConsumer
from shared.events.kafka.log import KafkaEventLog
from shared.events.kafka.topic_maker import make_topics
from shared.events.log import CATALOG, EVENTS_IN, SEARCH_LOGS, TOPICS, USER_EVENTS, NewRecord, Record
from tests.contract.event_log import read_all

SHARED_OUT_SECONDS = 40


def settings_of(config: KafkaConfig, topic: str) -> dict[str, str]:
    admin = KafkaAdminClient(bootstrap_servers=config.address)
    name = config.topic_prefix + topic
    found = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, None)], config_filter="all"
    )
    admin.close()
    return {key: setting["value"] for key, setting in found["topic"][name].items()}


def set_by_hand(config: KafkaConfig, topic: str, **settings: object) -> None:
    admin = KafkaAdminClient(bootstrap_servers=config.address)
    values = {name.replace("_", "."): str(value) for name, value in settings.items()}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, config.topic_prefix + topic, values)])
    admin.close()


def test_topics_are_made_as_configured_and_making_them_again_changes_nothing(
    kafka: KafkaConfig,
) -> None:
    config = replace(
        kafka,
        topic_prefix=kafka.topic_prefix + "x.",
        partitions=3,
        retention_days=7,
        tombstone_days=2,
    )
    made = make_topics(config)
    assert [(report.name.removeprefix(config.topic_prefix), report.partitions) for report in made] == [
        (topic, 3 if topic in (SEARCH_LOGS, USER_EVENTS, EVENTS_IN) else 1) for topic in (*TOPICS, EVENTS_IN)
    ]
    assert all(report.made for report in made)
    catalog = settings_of(config, CATALOG)
    events = settings_of(config, USER_EVENTS)
    assert (catalog["cleanup.policy"], catalog["delete.retention.ms"]) == (
        "compact",
        str(2 * 24 * 3_600_000),
    )
    assert (events["cleanup.policy"], events["retention.ms"]) == ("delete", str(7 * 24 * 3_600_000))
    again = make_topics(config)
    assert not any(report.made or report.changes or report.notes for report in again)


def test_topics_grow_with_the_settings_and_never_shrink(kafka: KafkaConfig) -> None:
    grown = replace(kafka, partitions=6, retention_days=400)
    reports = {report.name.removeprefix(kafka.topic_prefix): report for report in make_topics(grown)}
    for topic in (SEARCH_LOGS, USER_EVENTS):
        assert "partitions 4 -> 6" in reports[topic].changes
        assert reports[topic].partitions == 6
    assert settings_of(kafka, USER_EVENTS)["retention.ms"] == str(400 * 24 * 3_600_000)
    reports = {report.name.removeprefix(kafka.topic_prefix): report for report in make_topics(kafka)}
    assert not any(report.changes for report in reports.values())
    assert reports[USER_EVENTS].partitions == 6
    assert any("6 partitions stay" in note for note in reports[USER_EVENTS].notes)
    assert any("retention.ms stays" in note for note in reports[USER_EVENTS].notes)
    assert settings_of(kafka, USER_EVENTS)["retention.ms"] == str(400 * 24 * 3_600_000)


def test_what_was_changed_by_hand_is_put_right(kafka: KafkaConfig) -> None:
    set_by_hand(kafka, CATALOG, cleanup_policy="delete")
    (report,) = [report for report in make_topics(kafka) if report.changes]
    assert report.changes == ("cleanup.policy delete -> compact",)
    assert settings_of(kafka, CATALOG)["cleanup.policy"] == "compact"


def test_a_catalogue_topic_of_several_partitions_is_refused(kafka: KafkaConfig) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.address)
    admin.create_partitions({kafka.topic_prefix + CATALOG: 2})
    admin.close()
    with pytest.raises(InvalidRequest, match=r"aisle\.catalog: has 2 partitions"):
        make_topics(kafka)


def test_the_command_tells_what_it_made(kafka: KafkaConfig) -> None:
    environ = {
        "AISLE_KAFKA_ADDRESS": kafka.address,
        "AISLE_KAFKA_TOPIC_PREFIX": kafka.topic_prefix + "cli.",
    }
    finished = CliRunner().invoke(app, ["topics", "--json"], env=environ)
    assert finished.exit_code == 0
    report = json.loads(finished.stdout)
    assert [topic["name"] for topic in report["topics"]] == [
        f"{kafka.topic_prefix}cli.{topic}" for topic in (*TOPICS, EVENTS_IN)
    ]
    assert all(topic["made"] for topic in report["topics"])
    plain = CliRunner().invoke(app, ["topics"], env=environ)
    assert plain.stdout.count("as it should be") == len(TOPICS) + 1


async def test_a_compacted_topic_forgets_old_records_of_a_key_and_is_read_over_the_gaps(
    kafka: KafkaConfig,
) -> None:
    set_by_hand(kafka, CATALOG, segment_ms=100, min_cleanable_dirty_ratio=0.01)
    log = KafkaEventLog(kafka)
    for number in range(30):
        await log.append(CATALOG, [NewRecord(f"p{number % 3}", str(number).encode())])
    ends = time.monotonic() + 60
    found: list[Record] = []
    while time.monotonic() < ends:
        await asyncio.sleep(0.3)  # a segment is closed by the first record after its time
        await log.append(CATALOG, [NewRecord("other", b"x")])
        await log.close()
        log = KafkaEventLog(kafka)
        found = await read_all(log)
        if [record.key for record in found].count("p0") == 1:
            break
    offsets = [record.offset for record in found]
    assert offsets[0] > 1 and offsets == sorted(offsets)
    position, one_by_one = 0, []
    while batch := await log.read(CATALOG, position, limit=1):
        one_by_one += batch
        position = batch[-1].offset
    for read in (found, one_by_one, await read_all(log, after_offset=offsets[0] - 1)):
        newest = {record.key: record.value for record in read}
        assert newest == {"p0": b"27", "p1": b"28", "p2": b"29", "other": b"x"}
        assert read[-1].offset == await log.end_offset(CATALOG)
    await log.close()


async def shared_out(log: KafkaEventLog, consumers: list[KafkaLogConsumer]) -> None:
    """Return once each consumer has received records, and all are committed."""
    got: set[int] = set()
    async with asyncio.timeout(SHARED_OUT_SECONDS):
        while len(got) < len(consumers):
            await log.append(USER_EVENTS, [NewRecord(f"v{number}", b"x") for number in range(60)])
            for index, consumer in enumerate(consumers):
                if found := await consumer.poll(0.5):
                    got.add(index)
                await consumer.commit(found)


async def test_two_consumers_of_a_group_share_the_visitors_each_with_both_topics(
    kafka: KafkaConfig,
) -> None:
    logs = [KafkaEventLog(kafka) for _ in range(2)]
    consumers = [await log.consumer([USER_EVENTS, SEARCH_LOGS], "workers") for log in logs]
    await shared_out(logs[0], consumers)
    keys = [f"v{number}" for number in range(60)]
    for topic in (USER_EVENTS, SEARCH_LOGS):
        await logs[0].append(topic, [NewRecord(key, b"last", f"last-{key}") for key in keys])
    shares: list[list[Record]] = [[], []]
    ends = time.monotonic() + SHARED_OUT_SECONDS
    while sum(map(len, shares)) < 2 * len(keys) and time.monotonic() < ends:
        for share, consumer in zip(shares, consumers, strict=True):
            found = await consumer.poll(0.2)
            await consumer.commit(found)
            share += [record for record in found if record.value == b"last"]
    assert sorted((record.topic, record.key) for share in shares for record in share) == sorted(
        (topic, key) for topic in (USER_EVENTS, SEARCH_LOGS) for key in keys
    )
    for share in shares:
        by_topic = [
            {record.key for record in share if record.topic == topic} for topic in (USER_EVENTS, SEARCH_LOGS)
        ]
        assert by_topic[0] and by_topic[0] == by_topic[1]
    for log in logs:
        await log.close()
