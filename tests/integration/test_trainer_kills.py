"""Kill -9 of the trainer's process while it joins and learns: its tables are those of a clean run."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.feedback.join.paths import INTERACTIONS
from services.feedback.join.tables import Tables
from services.training.learning.state import LearningState
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import NewRecord
from shared.models.registry import Registry
from tests.integration.redis_server import free_port
from tests.unit.feedback.join.scene import MINUTE, Scene, files, rows

KILLS = int(os.environ.get("AISLE_TEST_KILLS", "4"))
SEARCHES = 60 * KILLS
PRODUCTS = 10
ACTIONS = 3 * 2  # kinds, and products of each, after a search
WORKS_SECONDS = 4.0  # at most, once something is exported
QUIET_SECONDS = 3.0
UNTIL_SECONDS = 360.0  # an export that took long on a busy machine makes the next one wait

pytestmark = pytest.mark.timeout(300 + 30 * KILLS)


def shop_log() -> Scene:
    """Searches of the last twenty minutes, each with a view and clicks."""
    scene = Scene(partitions=1)
    begins = time.time() - 25 * MINUTE
    chance = random.Random(3)
    for number in range(SEARCHES):
        at = begins + number * 20 * MINUTE / SEARCHES
        visitor = f"v{number}"
        shown = [f"p{each}" for each in chance.sample(range(200), PRODUCTS)]
        search = scene.page(number, *shown, at=at, visitor=visitor, query=f"q{number % 9}")
        for action, after in (("view", 20.0), ("click", 40.0), ("purchase", MINUTE)):
            some = chance.sample(shown, 2)
            scene.does(action, *some, query=search, at=at + after, visitor=visitor, price=1.1)
    return scene


def settings(kafka: KafkaConfig, data: Path) -> Mapping[str, str]:
    """A trainer that takes small batches, exports after each, and learns from few pages."""
    return {
        **os.environ,
        "AISLE_KAFKA_ADDRESS": kafka.address,
        "AISLE_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
        "AISLE_TRAINER_DATA": str(data),
        "AISLE_TRAINER_PORT": str(free_port()),
        "AISLE_TRAINER_CHECK_SECONDS": "0.5",
        "AISLE_TRAINER_MEMORY_SECONDS": "0.5",
        "AISLE_TRAINER_LEAST_PAGES": "20",
        "AISLE_TRAINER_RETRAIN_GROWTH": "0.01",
        "AISLE_JOIN_BATCH_RECORDS": "20",
        "AISLE_JOIN_EXPORT_SECONDS": "0.1",
        "AISLE_EMBEDDING_MODEL": "hash",
    }


@contextmanager
def trainer(environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process. It is killed when the block ends."""
    with subprocess.Popen([sys.executable, "-m", "services.training"], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def until_exported(data: Path, seen: str) -> None:
    """Wait until the process exports. Kafka assigns it partitions once the killed one's session ends."""
    until = time.monotonic() + UNTIL_SECONDS
    while Tables(data / "tables").fingerprint() == seen:
        assert time.monotonic() < until, f"nothing is exported to {data}"
        time.sleep(0.05)


def is_whole(tables: Tables) -> bool:
    """Whether all pages and events are in the tables."""
    shown = sum(map(tables.row_count, tables.days()))
    did = sum(tables.row_count(day, INTERACTIONS) for day in tables.interaction_days())
    return (shown, did) == (SEARCHES * PRODUCTS, SEARCHES * ACTIONS)


def until_quiet(data: Path) -> dict[str, bytes]:
    """The tables, once all pages and events are in them and nothing changes any more."""
    until = time.monotonic() + UNTIL_SECONDS
    before: dict[str, bytes] = {}
    while time.monotonic() < until:
        found = files(data / "tables")
        if is_whole(Tables(data / "tables")) and found == before:
            return found
        before = found
        time.sleep(QUIET_SECONDS)
    raise AssertionError(f"the tables of {data} are not whole")


async def append(kafka: KafkaConfig, scene: Scene, part: int) -> None:
    """Append one of KILLS equal parts of the log."""
    size = -(-len(scene.records) // KILLS)
    log = KafkaEventLog(kafka)
    for each in scene.records[part * size : (part + 1) * size]:
        await log.append(each.topic, [NewRecord(each.key, each.value)])
    await log.close()


def test_kills_of_the_trainer_lose_and_double_nothing(kafka: KafkaConfig, tmp_path: Path) -> None:
    scene = shop_log()
    killed, clean = tmp_path / "killed", tmp_path / "clean"
    environment = settings(kafka, killed)
    chance = random.Random(7)
    seen = ""
    for part in range(KILLS):
        with trainer(environment) as process:
            asyncio.run(append(kafka, scene, part))
            until_exported(killed, seen)
            time.sleep(chance.random() * WORKS_SECONDS)
            assert process.poll() is None
        seen = Tables(killed / "tables").fingerprint()
    with trainer(environment):
        lived = until_quiet(killed)
    with trainer(settings(kafka, clean)):
        assert until_quiet(clean) == lived
    shown = rows(Tables(clean / "tables"))
    assert sum(row["clicks"] for row in shown) == sum(row["purchases"] for row in shown) == 2 * SEARCHES
    learnt = LearningState.read(killed).reports
    assert all(report["refused"] for report in learnt)
    for each in Registry.of(killed).all():
        Registry.of(killed).named(each.version)  # whole, to its checksums
