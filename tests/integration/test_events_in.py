"""Shops' systems put JSON into aisle.events-in, and a gateway process takes it in, on a real Kafka."""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from aisle.v1.admin_pb2 import GetStatusRequest
from aisle.v1.admin_pb2_grpc import AdminServiceStub
from aisle.v1.events_pb2 import UserEvent
from shared.events import dead_letters
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import DEAD_LETTERS, EVENTS_IN, USER_EVENTS, Record
from tests.contract.event_log import polled
from tests.integration.test_gateway_process import Process
from tests.unit.gateway.events.formats.test_golden import EXPECTED, FILES, SKIPPED, as_json

PATIENCE_SECONDS = 60


@pytest.fixture
def config(kafka: KafkaConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KafkaConfig:
    monkeypatch.setenv("AISLE_KAFKA_ADDRESS", kafka.address)
    monkeypatch.setenv("AISLE_KAFKA_TOPIC_PREFIX", kafka.topic_prefix)
    monkeypatch.setenv("AISLE_GATEWAY_SPOOL_PATH", str(tmp_path / "spool"))
    monkeypatch.setenv("AISLE_GATEWAY_SECRET_PATH", str(tmp_path / "secret"))
    return kafka


def put(config: KafkaConfig, *values: bytes, key: bytes | None = b"shop") -> None:
    """Send records as a shop's own producer does."""
    producer = KafkaProducer(bootstrap_servers=config.address)
    sent = [producer.send(config.topic_prefix + EVENTS_IN, value, key) for value in values]
    for each in sent:
        each.get(timeout=20)
    producer.close()


def counts(gateway: Process, until: Mapping[str, int]) -> dict[str, int]:
    """The gateway's counts of the topic, once they equal `until` or the time has passed."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        named = AdminServiceStub(gateway.channel).GetStatus(GetStatusRequest()).counts
        found = {name.removeprefix("events_in."): named[name] for name in named if "events_in." in name}
        if found == until or time.monotonic() > ends:
            return found
        time.sleep(0.2)


def values_of(name: str) -> list[bytes]:
    """A golden file as records: one a line, or the whole body."""
    path = FILES[name]
    return path.read_bytes().splitlines() if path.suffix == ".jsonl" else [path.read_bytes()]


def stored(record: Record) -> dict[str, Any]:
    """An event as it was sent. The query_id of another system is never one of this shop."""
    event = UserEvent.FromString(record.value or b"")
    assert (record.event_id, event.query_id) == (event.event_id, "")
    event.query_id = event.unverified_query_id
    event.ClearField("unverified_query_id")
    return as_json(event)


def as_texts(events: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)


async def test_every_schema_lands_as_the_same_events_and_what_cannot_be_read_as_a_dead_letter(
    config: KafkaConfig, tmp_path: Path
) -> None:
    gateway = Process(tmp_path / "unused.sqlite")
    for name in EXPECTED:
        put(config, *values_of(name))
    expected = [event for story in EXPECTED.values() for event in story()]
    skipped = sum(map(Counter, SKIPPED.values()), Counter[str]())
    put(config, b"{", json.dumps({"action_name": "stare", "client_id": "v"}).encode(), key=None)
    wanted = {"accepted": len(expected), "rejected": 2}
    wanted |= {f"skipped.{reason}": count for reason, count in skipped.items()}
    assert await asyncio.to_thread(counts, gateway, wanted) == wanted

    log = KafkaEventLog(config)
    found = await polled(await log.consumer([USER_EVENTS]), len(expected))
    assert as_texts(map(stored, found)) == as_texts(expected)
    letters = [dead_letters.from_record(each) for each in await log.read(DEAD_LETTERS, 0)]
    assert {letter.topic for letter in letters} == {EVENTS_IN}
    assert sorted(letter.reason.split(":")[0] for letter in letters) == ["action_name", "value"]
    await log.close()
    assert gateway.end(signal.SIGTERM) == 0


async def test_what_a_killed_gateway_has_taken_in_is_not_taken_in_twice(
    config: KafkaConfig, tmp_path: Path
) -> None:
    gateway = Process(tmp_path / "unused.sqlite")
    put(config, *values_of("ubi"))
    first = {"accepted": 4, "skipped.search": 1, "skipped.impression": 1}
    assert await asyncio.to_thread(counts, gateway, first) == first
    put(config, *values_of("ubi"))
    again = {"accepted": 4, "duplicate": 4, "skipped.search": 2, "skipped.impression": 2}
    assert await asyncio.to_thread(counts, gateway, again) == again
    time.sleep(1)  # the commit follows the count
    gateway.end(signal.SIGKILL)

    gateway = Process(tmp_path / "unused.sqlite")
    put(config, *values_of("gorse"))
    later = {"accepted": 4, "skipped.metadata": 1}
    assert await asyncio.to_thread(counts, gateway, later) == later
    log = KafkaEventLog(config)
    found = await polled(await log.consumer([USER_EVENTS]), 8)
    assert len({record.event_id for record in found}) == len(found) == 8
    await log.close()
    assert gateway.end(signal.SIGTERM) == 0


async def test_a_gateway_that_is_killed_while_it_takes_them_in_loses_none(
    config: KafkaConfig, tmp_path: Path
) -> None:
    numbers = range(20_000)
    clicks = [{"FeedbackType": "click", "UserId": f"u{number}", "ItemId": "p"} for number in numbers]
    put(config, *(json.dumps(click).encode() for click in clicks))
    gateway = Process(tmp_path / "unused.sqlite")
    told = AdminServiceStub(gateway.channel)
    while not (count := told.GetStatus(GetStatusRequest()).counts.get("events_in.accepted")):
        time.sleep(0.02)
    assert count < len(numbers)
    gateway.end(signal.SIGKILL)
    gateway = Process(tmp_path / "unused.sqlite")
    log = KafkaEventLog(config)
    consumer = await log.consumer([USER_EVENTS])
    shoppers: dict[str, set[str | None]] = {}
    ends = time.monotonic() + PATIENCE_SECONDS
    while len(shoppers) < len(numbers) and time.monotonic() < ends:
        for record in await consumer.poll(0.5):
            shoppers.setdefault(record.key, set()).add(record.event_id)
    assert set(shoppers) == {f"u{number}" for number in numbers}
    assert {len(ids) for ids in shoppers.values()} == {1}  # redelivered events keep their ids
    await log.close()
    assert gateway.end(signal.SIGTERM) == 0
