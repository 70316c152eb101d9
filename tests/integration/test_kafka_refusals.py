"""Records that a real Kafka refuses. Each affects no others."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from shared.errors import Unavailable
from shared.events import dead_letters
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.kafka.topic_maker import make_topics
from shared.events.log import (
    CATALOG,
    DEAD_LETTERS,
    SEARCH_LOGS,
    USER_EVENTS,
    NewRecord,
    Record,
    RecordsRefused,
)
from shared.events.spooled import SpooledEventLog
from tests.contract.event_log import polled

MOST_BYTES = 20_000


@pytest.fixture
def strict(kafka: KafkaConfig) -> KafkaConfig:
    """Topics of which user-events takes only small records."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.address)
    name = kafka.topic_prefix + USER_EVENTS
    admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": str(MOST_BYTES)})]
    )
    admin.close()
    return kafka


@pytest.fixture
async def log(strict: KafkaConfig) -> AsyncIterator[KafkaEventLog]:
    opened = KafkaEventLog(strict)
    yield opened
    await opened.close()


def large(event_id: str, key: str = "v") -> NewRecord:
    """A record larger than the topic's limit, compressed or not."""
    return NewRecord(key, Random(event_id).randbytes(3 * MOST_BYTES), event_id)


def small(number: int, key: str = "v") -> NewRecord:
    return NewRecord(key, str(number).encode(), f"{key}-{number}")


async def numbers(config: KafkaConfig, count: int, key: str = "v") -> list[int]:
    """The numbers of a key's events in the log, each event_id at its first occurrence."""
    log = KafkaEventLog(config)
    consumer = await log.consumer([USER_EVENTS])
    found: list[Record] = []
    while len({record.event_id for record in found}) < count:
        found += await polled(consumer, 1)
    await log.close()
    first = {record.event_id: int(record.value or b"") for record in reversed(found) if record.key == key}
    return list(reversed(first.values()))


async def test_a_record_that_is_refused_is_named_and_those_beside_it_are_written_in_order(
    log: KafkaEventLog, strict: KafkaConfig
) -> None:
    with pytest.raises(
        RecordsRefused, match=r"record 'v': is refused by Kafka .*raise max\.message\.bytes of"
    ) as told:
        await log.append(USER_EVENTS, [*map(small, range(40)), large("one"), *map(small, range(40, 80))])
    refused = [at for at, outcome in enumerate(told.value.outcomes) if isinstance(outcome, str)]
    assert refused == [40]
    assert await numbers(strict, 80) == list(range(80))


async def test_the_writes_of_others_go_on_beside_records_that_are_refused(
    log: KafkaEventLog, strict: KafkaConfig
) -> None:
    async def careless(caller: int) -> None:
        for number in range(3):
            with pytest.raises(RecordsRefused):
                await log.append(USER_EVENTS, [large(f"{caller}-{number}", f"careless{caller}")])

    async def careful() -> None:
        for number in range(60):
            await log.append(USER_EVENTS, [small(number, "careful")])
            await log.append(CATALOG, [NewRecord("p", str(number).encode())])

    await log.append(CATALOG, [NewRecord("p", b"first")])
    await asyncio.gather(careful(), *map(careless, range(3)))
    assert await numbers(strict, 60, "careful") == list(range(60))
    assert (await log.read(CATALOG, 0))[-1].value == b"59"


async def test_a_topic_that_is_not_there_is_no_trouble_of_others(log: KafkaEventLog) -> None:
    await log.append(CATALOG, [NewRecord("p", b"x")])

    async def lost() -> None:
        with pytest.raises(Unavailable, match=r"has no topic .*; make it with 'aisle topics'"):
            await log.append("aisle.not-there", [NewRecord("k", b"x")])

    await asyncio.gather(
        *(lost() for _ in range(5)),
        *(log.append(CATALOG, [NewRecord("p", b"x")]) for _ in range(20)),
    )
    began = time.monotonic()
    await asyncio.gather(lost(), log.append(CATALOG, [NewRecord("p", b"x")]))
    assert time.monotonic() - began < 5


async def test_a_topic_that_stays_away_holds_up_others_once_and_is_found_when_it_is_made(
    log: KafkaEventLog, strict: KafkaConfig
) -> None:
    await log.append(CATALOG, [NewRecord("p", b"x")])
    admin = KafkaAdminClient(bootstrap_servers=strict.address)
    admin.delete_topics([strict.topic_prefix + DEAD_LETTERS])
    admin.close()

    async def lost() -> None:
        with pytest.raises(Unavailable, match=r"has no topic .*; make it with 'aisle topics'"):
            await log.append(DEAD_LETTERS, [NewRecord("k", b"x")])

    await lost()
    for _ in range(3):
        await asyncio.sleep(2.1)
        began = time.monotonic()
        await asyncio.gather(lost(), log.append(CATALOG, [NewRecord("p", b"x")]))
        assert time.monotonic() - began < 2
    make_topics(strict)
    async with asyncio.timeout(30):
        while True:
            await asyncio.sleep(0.5)
            with suppress(Unavailable):
                await log.append(DEAD_LETTERS, [NewRecord("k", b"x")])
                break


async def test_an_acknowledged_event_that_kafka_refuses_becomes_a_dead_letter_and_the_rest_arrives(
    strict: KafkaConfig, tmp_path: Path
) -> None:
    away = SpooledEventLog(KafkaEventLog(KafkaConfig("127.0.0.1:9", away_ms=100)), tmp_path, [USER_EVENTS], 0)
    for record in (small(0), large("large"), small(1)):
        assert [place.offset for place in await away.append(USER_EVENTS, [record])] == [0]
    await away.close()
    log = SpooledEventLog(KafkaEventLog(strict), tmp_path, [USER_EVENTS, SEARCH_LOGS], 0)
    assert await numbers(strict, 2) == [0, 1]
    letters: list[Record] = []
    async with asyncio.timeout(60):
        while not letters:
            letters = await log.read(DEAD_LETTERS, 0)
    letter = dead_letters.from_record(letters[0])
    assert (letter.topic, letter.key, letter.value) == (USER_EVENTS, "v", large("large").value)
    assert "is refused by Kafka" in letter.reason
    await log.append(USER_EVENTS, [small(2)])
    assert await numbers(strict, 3) == [0, 1, 2]
    await log.close()
