from dataclasses import replace

import pytest

from shared.errors import InvalidRequest
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.topics import Difference, Topic, difference, wanted
from shared.events.log import CATALOG, COMPACTED, EVENTS_IN, SINGLE, TOPICS, USER_EVENTS

DAY_MS = 24 * 3_600_000


def topic(name: str, config: KafkaConfig | None = None) -> Topic:
    config = config or KafkaConfig()
    (found,) = (each for each in wanted(config) if each.name == config.topic_prefix + name)
    return found


def with_settings(of: Topic, **settings: object) -> Topic:
    changed = {name.replace("_", "."): str(value) for name, value in settings.items()}
    return replace(of, settings={**of.settings, **changed})


def test_every_topic_is_wanted_under_the_prefix() -> None:
    assert [each.name for each in wanted(KafkaConfig(topic_prefix="shop."))] == [
        f"shop.{name}" for name in (*TOPICS, EVENTS_IN)
    ]


def test_what_shoppers_do_and_see_has_equally_many_partitions_and_the_rest_one() -> None:
    partitions = {each.name: each.partitions for each in wanted(KafkaConfig(partitions=7))}
    assert partitions == {name: 1 if name in SINGLE else 7 for name in (*TOPICS, EVENTS_IN)}


def test_the_catalogue_is_compacted_and_the_rest_is_kept_for_a_time() -> None:
    config = KafkaConfig(retention_days=3, tombstone_days=5)
    for each in wanted(config):
        if each.name in COMPACTED:
            assert each.settings["cleanup.policy"] == "compact"
            assert each.settings["delete.retention.ms"] == str(5 * DAY_MS)
        else:
            assert (each.settings["cleanup.policy"], each.settings["retention.ms"]) == (
                "delete",
                str(3 * DAY_MS),
            )


def test_no_retention_means_for_ever() -> None:
    assert topic(USER_EVENTS, KafkaConfig(retention_days=0)).settings["retention.ms"] == "-1"


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (2, "1"), (3, "2")])
def test_a_write_waits_for_all_copies_but_one(replication: int, in_sync: str) -> None:
    assert topic(CATALOG, KafkaConfig(replication=replication)).settings["min.insync.replicas"] == in_sync


def test_a_topic_as_asked_for_has_no_difference() -> None:
    for each in wanted(KafkaConfig()):
        assert difference(each, each, each.partitions) == Difference()


def test_partitions_are_added_and_never_taken_away() -> None:
    asked = topic(USER_EVENTS)
    assert difference(asked, replace(asked, partitions=2), 4).partitions == 4
    more = difference(asked, replace(asked, partitions=9), 9)
    assert more.partitions == 0 and more.notes == ("9 partitions stay, 4 are configured",)


@pytest.mark.parametrize(
    ("there_ms", "asked_days", "changes"),
    [
        (1 * DAY_MS, 2, True),
        (3 * DAY_MS, 2, False),
        (-1, 2, False),
        (3 * DAY_MS, 0, True),
        (2 * DAY_MS, 2, False),
    ],
)
def test_records_are_never_kept_for_less_time_than_before(
    there_ms: int, asked_days: int, changes: bool
) -> None:
    asked = topic(USER_EVENTS, KafkaConfig(retention_days=asked_days))
    differs = difference(asked, with_settings(asked, retention_ms=there_ms), 4)
    assert ("retention.ms" in differs.settings) == changes
    shorter = there_ms == -1 or there_ms > asked_days * DAY_MS > 0
    assert bool(differs.notes) == shorter


def test_a_copy_less_than_configured_is_told_and_writes_do_not_wait_for_it() -> None:
    asked = topic(CATALOG, KafkaConfig(replication=3))
    differs = difference(asked, replace(with_settings(asked, min_insync_replicas=1), replication=1), 1)
    assert differs.settings == {}
    assert "replication stays 1, 3 is configured" in differs.notes[0]


def test_a_catalogue_of_several_partitions_cannot_be_put_right() -> None:
    asked = topic(CATALOG)
    with pytest.raises(InvalidRequest, match=r"aisle\.catalog: has 3 partitions; delete the topic"):
        difference(asked, replace(asked, partitions=3), 1)
