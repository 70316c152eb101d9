"""Fixtures for all tests: the real servers, running ones or new ones, and a log in a file."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.events.kafka.config import KafkaConfig
from shared.events.sqlite import SqliteEventLog
from tests.leftovers import throw_away
from tests.servers import Broker, own_topics, services

_failed: set[str] = set()  # failed tests that are still running


def _running(name: str) -> Iterator[str]:
    before = services("status", name, check=False)[name]["answers"]
    yield str(services("start", name)[name]["address"])
    if not before:
        services("stop", name)


@pytest.fixture(scope="session")
def kafka_address() -> Iterator[str]:
    """A broker that all tests share. It is stopped at the end if this run has started it."""
    yield from _running("kafka")


@pytest.fixture(scope="session")
def redis_address() -> Iterator[str]:
    """A Redis that all tests share. It is stopped at the end if this run has started it."""
    yield from _running("redis")


@pytest.fixture
def kafka(kafka_address: str) -> Iterator[KafkaConfig]:
    """Topics of the test's own on the broker that all share."""
    with own_topics(kafka_address) as config:
        yield config


@pytest.fixture(scope="session")
def _broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("broker"))
    yield broker
    broker.start()  # a suspended process does not stop
    broker.stop()


@pytest.fixture
def broker(_broker: Broker) -> Broker:
    """A running broker that the test may stop, kill and suspend."""
    _broker.start()
    return _broker


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    opened = SqliteEventLog(tmp_path / "log.sqlite")
    yield opened
    await opened.close()


def pytest_collection_finish() -> None:
    """Exclude imported modules and collected tests from garbage collection: they stay to the end."""
    gc.freeze()


def pytest_runtest_logfinish(nodeid: str) -> None:
    """After each test, drop the objects that a failed test still holds."""
    if nodeid in _failed:
        _failed.discard(nodeid)
        throw_away()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember which tests failed."""
    if report.failed:
        _failed.add(report.nodeid)
