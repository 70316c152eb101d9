"""Events that are accepted while the broker is down, and their later appends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.errors import StorageFull, Unavailable
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import CATALOG, SEARCH_LOGS, USER_EVENTS, NewRecord, Record
from shared.events.spooled import SpooledEventLog
from tests.contract.event_log import polled
from tests.servers import Broker, fresh_topics

ROOT = Path(__file__).parents[2]
SPOOLED = (USER_EVENTS, SEARCH_LOGS)
BACK_SECONDS = 120


@pytest.fixture
def config(broker: Broker) -> KafkaConfig:
    return fresh_topics(broker.address)


def spooled(config: KafkaConfig, folder: Path, max_bytes: int = 1 << 26) -> SpooledEventLog:
    return SpooledEventLog(KafkaEventLog(config), folder / "spool", SPOOLED, max_bytes)


@pytest.fixture
async def log(config: KafkaConfig, tmp_path: Path) -> AsyncIterator[SpooledEventLog]:
    opened = spooled(config, tmp_path)
    yield opened
    await opened.close()


def event(key: str, number: int) -> NewRecord:
    return NewRecord(key, str(number).encode(), f"{key}-{number}")


async def everything(config: KafkaConfig, topic: str, count: int) -> list[Record]:
    """All records of a topic once there are at least `count`, and those of the next second.

    A repeated event_id counts once.
    """
    log = KafkaEventLog(config)
    consumer = await log.consumer([topic])
    found = await polled(consumer, count)
    while more := await polled(consumer, count - len({record.event_id for record in found})):
        found += more
    found += await consumer.poll(1)
    await log.close()
    return found


def numbers(found: list[Record], key: str) -> list[int]:
    """The numbers of a key's records, each event_id at its first occurrence."""
    seen = {record.event_id: int(record.value or b"") for record in reversed(found) if record.key == key}
    return list(reversed(seen.values()))


async def test_events_during_an_outage_are_acknowledged_and_arrive_in_order_between_those_around_it(
    broker: Broker, log: SpooledEventLog, config: KafkaConfig
) -> None:
    keys = [f"v{number}" for number in range(5)]
    for number in range(20):
        await log.append(USER_EVENTS, [event(key, number) for key in keys])
    broker.stop()
    slowest_seconds = 0.0
    for number in range(20, 300):
        began = time.monotonic()
        appended = await log.append(USER_EVENTS, [event(key, number) for key in keys])
        slowest_seconds = max(slowest_seconds, time.monotonic() - began)
        assert [(append.offset, append.duplicate) for append in appended] == [(0, False)] * 5
    assert slowest_seconds < 5  # the first one notices that Kafka is down
    starting = asyncio.create_task(asyncio.to_thread(broker.start))
    number = 300
    while (
        not starting.done()
        or (await log.append(USER_EVENTS, [event(key, number) for key in keys]))[0].offset == 0
    ):
        if starting.done():
            number += 1
        await asyncio.sleep(0.05)
    found = await everything(config, USER_EVENTS, 5 * (number + 1))
    assert {key: numbers(found, key) for key in keys} == {key: list(range(number + 1)) for key in keys}


async def test_an_outage_is_over_for_new_events_once_the_spool_is_empty(
    broker: Broker, log: SpooledEventLog
) -> None:
    broker.stop()
    assert (await log.append(USER_EVENTS, [event("v", 0)]))[0].offset == 0
    await asyncio.to_thread(broker.start)
    async with asyncio.timeout(BACK_SECONDS):
        number = 1
        while (await log.append(USER_EVENTS, [event("v", number)]))[0].offset == 0:
            number += 1
            await asyncio.sleep(0.05)


async def test_an_event_sent_again_while_it_waits_is_a_duplicate(
    broker: Broker, log: SpooledEventLog
) -> None:
    broker.stop()
    await log.append(USER_EVENTS, [event("v", 0)])
    (again,) = await log.append(USER_EVENTS, [event("v", 0)])
    assert again.duplicate


async def test_a_catalogue_write_during_an_outage_is_refused(broker: Broker, log: SpooledEventLog) -> None:
    broker.stop()
    with pytest.raises(Unavailable):
        await log.append(CATALOG, [NewRecord("p", b"x")])


async def test_a_full_spool_refuses_events_keeps_what_it_took_and_leaves_the_other_topic_alone(
    broker: Broker, config: KafkaConfig, tmp_path: Path
) -> None:
    log = spooled(config, tmp_path, max_bytes=300_000)
    broker.stop()
    taken = 0
    with pytest.raises(StorageFull, match=r"no room left for .*aisle\.search-logs\.sqlite"):
        while True:
            await log.append(SEARCH_LOGS, [NewRecord("v", b"x" * 1_000, f"page-{taken}")])
            taken += 1
    assert taken > 100
    await log.append(USER_EVENTS, [event("v", 0)])
    await asyncio.to_thread(broker.start)
    found = await everything(config, SEARCH_LOGS, taken)
    assert list(dict.fromkeys(record.event_id for record in found)) == [
        f"page-{number}" for number in range(taken)
    ]
    await log.append(SEARCH_LOGS, [NewRecord("v", b"room again", "later")])
    await log.close()


async def test_what_a_process_left_behind_is_appended_by_the_next_one_before_anything_new(
    broker: Broker, config: KafkaConfig, tmp_path: Path
) -> None:
    broker.stop()
    log = spooled(config, tmp_path)
    for number in range(1_200):
        await log.append(USER_EVENTS, [event("v", number)])
    await log.close()
    await asyncio.to_thread(broker.start)
    log = spooled(config, tmp_path)
    await log.append(USER_EVENTS, [event("v", 1_200)])
    found = await everything(config, USER_EVENTS, 1_201)
    assert numbers(found, "v") == list(range(1_201))
    await log.close()


APPEND_FOREVER = """
import asyncio, sys
from pathlib import Path
from shared.errors import AisleError
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import SEARCH_LOGS, USER_EVENTS, NewRecord
from shared.events.spooled import SpooledEventLog

async def caller(log, key, number):
    while True:
        await log.append(USER_EVENTS, [NewRecord(key, str(number).encode(), f"{key}-{number}")])
        print(f"{key}-{number}", flush=True)
        number += 1

async def main(address, prefix, folder, first):
    kafka = KafkaEventLog(KafkaConfig(address, prefix))
    log = SpooledEventLog(kafka, Path(folder), (USER_EVENTS, SEARCH_LOGS), 1 << 26)
    await asyncio.gather(*(caller(log, f"v{key}", int(first)) for key in range(8)))

asyncio.run(main(*sys.argv[1:]))
"""


def appending(config: KafkaConfig, folder: Path, first: int) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-c",
        APPEND_FOREVER,
        config.address,
        config.topic_prefix,
        str(folder),
        str(first),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def acknowledged_until_killed(process: subprocess.Popen[str], count: int) -> set[str]:
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(count)]
    process.send_signal(signal.SIGKILL)
    lines += list(process.stdout)
    process.wait()
    process.stdout.close()
    return {line.strip() for line in lines if line.endswith("\n")}


async def test_a_killed_process_loses_nothing_that_it_acknowledged_before_or_during_an_outage(
    broker: Broker, config: KafkaConfig, tmp_path: Path
) -> None:
    acknowledged = acknowledged_until_killed(appending(config, tmp_path, 0), 400)
    broker.stop()
    acknowledged |= acknowledged_until_killed(appending(config, tmp_path, 100_000), 400)
    await asyncio.to_thread(broker.start)
    acknowledged |= acknowledged_until_killed(appending(config, tmp_path, 200_000), 400)
    # Appends what the last process may have left
    log = SpooledEventLog(KafkaEventLog(config), tmp_path, SPOOLED, 1 << 26)
    found = await everything(config, USER_EVENTS, len(acknowledged))
    await log.close()
    assert acknowledged <= {record.event_id for record in found}
    for key in range(8):
        each = numbers(found, f"v{key}")
        assert each == sorted(each)
