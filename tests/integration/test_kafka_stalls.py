"""Readers over a real Kafka whose client stalls. They report it, and recover by themselves."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.consumer import KafkaLogConsumer
from shared.events.kafka.log import KafkaEventLog
from shared.events.kafka.reader import KafkaReader
from shared.events.log import CATALOG, CO_PARTITIONED, USER_EVENTS, NewRecord, Record

LOOK_SECONDS = 1.0
SOON_SECONDS = 90


@pytest.fixture
async def log(kafka: KafkaConfig) -> AsyncIterator[KafkaEventLog]:
    opened = KafkaEventLog(kafka)
    yield opened
    await opened.close()


@pytest.fixture
async def consumer(kafka: KafkaConfig, log: KafkaEventLog) -> AsyncIterator[KafkaLogConsumer]:
    """A consumer that has joined its group, read a record and committed it."""
    opened = KafkaLogConsumer(kafka, CO_PARTITIONED, "readers", LOOK_SECONDS)
    await log.append(USER_EVENTS, [NewRecord("v", b"first")])
    await opened.commit(await until_read(opened))
    yield opened
    await opened.close()


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def until_read(consumer: KafkaLogConsumer) -> list[Record]:
    """The next records, polled as a follower does."""
    async with asyncio.timeout(SOON_SECONDS):
        while True:
            try:
                if records := await consumer.poll(1.0):
                    return records
            except Unavailable:
                await asyncio.sleep(0.1)


async def until_reported(waiting_for: Callable[[], str], read: Callable[[], Awaitable[Any]]) -> str:
    """The reported fault of a reader, once there is one."""
    async with asyncio.timeout(SOON_SECONDS):
        while not waiting_for():
            await read()
    return waiting_for()


def pause(client: Any) -> None:
    """Make the client answer and send heartbeats, but deliver no records, as after a lost fetch."""
    client.pause(*client.assignment())


async def test_a_consumer_that_gets_nothing_says_so_and_begins_anew(
    consumer: KafkaLogConsumer, log: KafkaEventLog
) -> None:
    await consumer._session.use(pause)
    await log.append(USER_EVENTS, [NewRecord("v", b"second"), NewRecord("v", b"third")])
    fault = await until_reported(lambda: consumer.waiting_for, lambda: consumer.poll(0.5))
    assert fault == (
        "the consumer of aisle.search-logs, aisle.user-events is "
        "behind by 2 records and gets none; it reconnects"
    )
    assert [record.value for record in await until_read(consumer)] == [b"second", b"third"]
    assert consumer.waiting_for == ""


async def test_a_consumer_at_the_end_of_its_topics_keeps_its_client(
    consumer: KafkaLogConsumer,
) -> None:
    before = await consumer._session.use(lambda client: client)
    for _ in range(6):
        assert await consumer.poll(LOOK_SECONDS) == []
    assert await consumer._session.use(lambda client: client) is before
    assert consumer.waiting_for == ""


async def test_a_client_whose_thread_hangs_in_a_commit_is_left_behind(
    consumer: KafkaLogConsumer, log: KafkaEventLog, released: threading.Event
) -> None:
    await log.append(USER_EVENTS, [NewRecord("v", b"second")])
    records = await until_read(consumer)
    consumer._session._limit_seconds = 2.0
    await consumer._session.use(
        lambda client: client._net.call_soon_threadsafe(lambda: released.wait(SOON_SECONDS))
    )
    with pytest.raises(Unavailable, match="has not returned from a call"):
        await consumer.commit(records)
    consumer._session._limit_seconds = 20.0
    # It was not committed
    assert [record.value for record in await until_read(consumer)] == [b"second"]


async def test_the_others_of_a_group_are_not_held_up_by_a_client_that_was_left_behind(
    kafka: KafkaConfig, consumer: KafkaLogConsumer, log: KafkaEventLog
) -> None:
    """Its group would wait a minute for a member that sends heartbeats and does not rejoin."""
    hangs = threading.Event()
    consumer._session._limit_seconds = 1.0
    with pytest.raises(Unavailable):
        await consumer._session.use(lambda _: hangs.wait(30))
    other = KafkaLogConsumer(kafka, CO_PARTITIONED, "readers")
    await log.append(USER_EVENTS, [NewRecord("v", b"second")])
    async with asyncio.timeout(30):
        while not await other.poll(1.0):
            pass
    hangs.set()
    await other.close()


async def test_a_reader_that_gets_nothing_says_so_and_begins_anew(
    kafka: KafkaConfig, log: KafkaEventLog
) -> None:
    await log.append(CATALOG, [NewRecord("p", b"1")])
    reader = KafkaReader(kafka, CATALOG, lambda: log.end_offset(CATALOG), LOOK_SECONDS)
    assert len(await reader.read(0, 10)) == 1
    await reader._session.use(pause)
    await log.append(CATALOG, [NewRecord("q", b"2")])
    fault = await until_reported(lambda: reader.waiting_for, lambda: reader.wait(1, 0.5))
    assert fault == "the reader of aisle.catalog is behind by 1 records and gets none; it reconnects"
    assert await reader.wait(1, SOON_SECONDS)
    assert [record.value for record in await reader.read(1, 10)] == [b"2"]
    assert reader.waiting_for == ""
    await reader.close()
