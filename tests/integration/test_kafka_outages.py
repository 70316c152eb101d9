"""The log on Kafka while the broker is stopped, killed and held up."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from shared.errors import Overloaded, Unavailable
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import CATALOG, USER_EVENTS, NewRecord, Record
from tests.contract.event_log import polled, read_all
from tests.servers import Broker, fresh_topics

NOTICED_SECONDS = 5  # away_ms is 2,000; the machine may be busy
BACK_SECONDS = 120


@pytest.fixture
async def log(broker: Broker) -> AsyncIterator[KafkaEventLog]:
    opened = KafkaEventLog(fresh_topics(broker.address))
    yield opened
    await opened.close()


async def append_until_taken(log: KafkaEventLog, topic: str, record: NewRecord) -> None:
    """Append a record, and retry until it is acknowledged."""
    async with asyncio.timeout(BACK_SECONDS):
        while True:
            try:
                await log.append(topic, [record])
                return
            except Unavailable:
                await asyncio.sleep(0.1)


async def refused_after_seconds(log: KafkaEventLog) -> float:
    began = time.monotonic()
    with pytest.raises(Unavailable, match="retry later"):
        await log.append(CATALOG, [NewRecord("p", b"x")])
    return time.monotonic() - began


def first_of_each(found: list[Record]) -> dict[str, list[int]]:
    """The numbers in the values by key, without repeats, in the order of first occurrence."""
    numbers: dict[str, dict[int, None]] = {}
    for record in found:
        numbers.setdefault(record.key, {}).setdefault(int(record.value or b""))
    return {key: list(seen) for key, seen in numbers.items()}


@pytest.mark.parametrize("trouble", ["stop", "hold_up"])
async def test_an_outage_is_noticed_soon_then_told_at_once_and_needs_no_restart(
    broker: Broker, log: KafkaEventLog, trouble: str
) -> None:
    await log.append(CATALOG, [NewRecord("p", b"before")])
    getattr(broker, trouble)()
    assert await refused_after_seconds(log) < NOTICED_SECONDS
    appends = [refused_after_seconds(log) for _ in range(50)]
    assert max(await asyncio.gather(*appends)) < NOTICED_SECONDS
    await asyncio.to_thread(broker.start)
    await append_until_taken(log, CATALOG, NewRecord("p", b"after"))
    values = [record.value for record in await read_all(log)]
    assert values[0] == b"before" and values[-1] == b"after"


async def test_a_process_starts_while_kafka_is_away_and_finds_it_later(broker: Broker) -> None:
    config = fresh_topics(broker.address)
    broker.stop()
    log = KafkaEventLog(config)
    assert await refused_after_seconds(log) < NOTICED_SECONDS
    with pytest.raises(Unavailable, match="does not answer"):
        await log.end_offset(CATALOG)
    with pytest.raises(Unavailable, match="does not answer"):
        await (await log.consumer([USER_EVENTS], "g")).poll(0.1)
    assert not await log.wait(CATALOG, 0, 0.2)
    await asyncio.to_thread(broker.start)
    await append_until_taken(log, CATALOG, NewRecord("p", b"x"))
    assert await log.end_offset(CATALOG) == 1
    await log.close()


async def test_a_killed_broker_loses_nothing_acknowledged_and_keeps_the_order(
    broker: Broker, log: KafkaEventLog
) -> None:
    count = 300
    keys = [f"v{number}" for number in range(8)]

    async def caller(key: str) -> None:
        for number in range(count):
            await append_until_taken(
                log, USER_EVENTS, NewRecord(key, str(number).encode(), f"{key}-{number}")
            )

    calling = asyncio.gather(*(caller(key) for key in keys))
    for _ in range(2):
        await asyncio.sleep(0.7)
        broker.kill()
        await asyncio.to_thread(broker.start)
    await calling
    found = await polled(await log.consumer([USER_EVENTS]), len(keys) * count)
    assert first_of_each(found) == {key: list(range(count)) for key in keys}


async def test_followers_go_on_by_themselves_after_an_outage(broker: Broker, log: KafkaEventLog) -> None:
    consumer = await log.consumer([USER_EVENTS], "readers")
    await log.append(USER_EVENTS, [NewRecord("v", b"before", "e1")])
    await log.append(CATALOG, [NewRecord("p", b"before")])
    await consumer.commit(await polled(consumer, 1))
    assert len(await log.read(CATALOG, 0)) == 1
    broker.kill()
    waiting = asyncio.create_task(log.wait(CATALOG, 1, BACK_SECONDS))
    await asyncio.to_thread(broker.start)
    await append_until_taken(log, USER_EVENTS, NewRecord("v", b"after", "e2"))
    await append_until_taken(log, CATALOG, NewRecord("p", b"after"))
    assert await waiting
    assert [record.value for record in await log.read(CATALOG, 1)] == [b"after"]
    assert [record.value for record in await polled(consumer, 1)] == [b"after"]


async def test_beyond_what_may_wait_a_caller_is_told_at_once_to_come_later(broker: Broker) -> None:
    config = fresh_topics(broker.address)
    log = KafkaEventLog(type(config)(config.address, config.topic_prefix, max_waiting_records=1_000))
    await log.append(CATALOG, [NewRecord("p", b"x")])
    broker.hold_up()
    waiting = asyncio.create_task(log.append(CATALOG, [NewRecord("p", b"x")] * 900))
    await asyncio.sleep(0)
    began = time.monotonic()
    with pytest.raises(Overloaded, match="900 records wait for Kafka; retry later"):
        await log.append(CATALOG, [NewRecord("p", b"x")] * 101)
    assert time.monotonic() - began < 0.1
    broker.start()
    await waiting
    assert len(await log.append(CATALOG, [NewRecord("p", b"x")] * 101)) == 101
    await log.close()


async def test_a_missing_topic_is_named(broker: Broker) -> None:
    config = fresh_topics(broker.address)
    log = KafkaEventLog(type(config)(config.address, topic_prefix="never-made."))
    with pytest.raises(Unavailable, match=r"aisle topics"):
        await log.append(USER_EVENTS, [NewRecord("v", b"x")])
    with pytest.raises(Unavailable, match=r"never-made\.aisle\.user-events: there is no such topic"):
        await (await log.consumer([USER_EVENTS])).poll(1)
    await log.close()
