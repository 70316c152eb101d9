"""The real servers that tests need: those that run already, or new ones by deploy/services."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.events.kafka.config import KafkaConfig

SERVICES = Path(__file__).resolve().parents[1] / "deploy" / "services"


def services(command: str, *arguments: object, check: bool = True) -> dict[str, Any]:
    """What deploy/services says: for each server its address, pid, and whether it answers."""
    line = [sys.executable, str(SERVICES), command, "--json", *map(str, arguments)]
    finished = subprocess.run(line, capture_output=True, text=True, timeout=280, check=False)
    if check and finished.returncode:
        raise RuntimeError(finished.stderr)
    return dict(json.loads(finished.stdout))


def _running(name: str) -> Iterator[str]:
    before = services("status", name, check=False)[name]["answers"]
    yield str(services("start", name)[name]["address"])
    if not before:
        services("stop", name)


@pytest.fixture(scope="session")
def kafka_address() -> Iterator[str]:
    """A broker that all tests share; stopped at the end if it was started here."""
    yield from _running("kafka")


@pytest.fixture(scope="session")
def redis_address() -> Iterator[str]:
    """A Redis that all tests share; stopped at the end if it was started here."""
    yield from _running("redis")


@pytest.fixture
def kafka(kafka_address: str) -> Iterator[KafkaConfig]:
    """Topics of the test's own."""
    from shared.events.kafka.topic_maker import delete_topics, make_topics  # unit tests have no use for the library

    config = KafkaConfig(kafka_address, topic_prefix=f"test-{uuid.uuid4().hex[:12]}.")
    make_topics(config)
    yield config
    delete_topics(config)
