"""Generations of features in a real Redis.

They are read while they change, and after the server has restarted or was wiped.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from services.feedback.feature_writer import FeatureWriter
from services.feedback.service import observation
from services.feedback.worker import Worker
from shared.errors import Unavailable
from shared.events.log import USER_EVENTS
from shared.features.evidence import EvidenceLimits
from shared.features.redis import RedisFeatureStore, new_generation
from shared.features.spec import SCHEMA
from shared.features.store import Change
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from tests.contract.feature_store_suite import counted
from tests.integration.redis_server import free_port, redis_server
from tests.unit.feedback.memory_log import MemoryEventLog
from tests.unit.feedback.observations import did, event, shown

DAY = 24 * 3600
ONE = counted(1)[0]
TWO = counted(1, 2)[0]


def store_at(port: int, timeout_ms: float = 1_000) -> RedisFeatureStore:
    return RedisFeatureStore(connect(RedisConfig(f"redis://127.0.0.1:{port}", timeout_ms=timeout_ms)))


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    port = free_port()
    with redis_server(tmp_path, port):
        yield port


@pytest.fixture
async def store(port: int) -> AsyncIterator[RedisFeatureStore]:
    opened = store_at(port)
    yield opened
    await opened.close()


async def write(store: RedisFeatureStore, generation: str, value: bytes, key: str = "p:1") -> None:
    assert await store.replace([Change(key, b"", value, 100)], generation) == [True]


async def test_before_the_first_generation_readers_see_nothing(store: RedisFeatureStore) -> None:
    assert await store.values(["p:1", "p:2"]) == [None, None]


async def test_a_generation_is_begun_once_whoever_comes_first(port: int) -> None:
    stores = [store_at(port) for _ in range(5)]
    names = await asyncio.gather(*(each.generation() for each in stores))
    assert len(set(names)) == 1 and names[0]
    for each in stores:
        await each.close()


async def test_readers_see_what_is_published_from_the_next_page_on(
    store: RedisFeatureStore, port: int
) -> None:
    reader = store_at(port)
    old = await store.generation()
    new = new_generation()
    await write(store, old, ONE)
    await write(store, new, TWO)
    assert await reader.values(["p:1"]) == [ONE]
    await store.publish(new)
    assert await reader.values(["p:1"]) == [TWO]
    assert await store.values(["p:1"], old) == [ONE]
    await reader.close()


async def test_a_generation_that_is_forgotten_is_gone_and_the_others_stay(
    store: RedisFeatureStore,
) -> None:
    for number in range(2_500):
        await write(store, "old", ONE, f"p:{number}")
    await write(store, "new", TWO)
    await store.forget("old")
    assert await store._client.dbsize() == 1
    assert await store.values(["p:1"], "new") == [TWO]


async def test_every_key_is_forgotten_some_time(store: RedisFeatureStore, port: int) -> None:
    now = time.time()
    told = [
        did("click", "p1", offset=1, at=now, query_hash=5),
        shown("p1", offset=1, at=now, visitor_id=""),
        did("click", "p2", offset=2, at=now - 500 * DAY, visitor_id="long ago"),
    ]
    limits = EvidenceLimits(counts_nobody=True)  # such pages are remembered for an hour
    await FeatureWriter(store, "g", limits=limits).apply(told)
    async with Redis(port=port, decode_responses=True) as plain:
        days = {
            key.split("}:")[1]: await plain.ttl(key) / DAY
            async for key in plain.scan_iter(f"aisle:{SCHEMA}:g:*")
        }
    an_hour = pytest.approx(1 / 24, abs=1e-3)
    assert days == {
        "v:v1": pytest.approx(30, abs=0.01),
        "p:p1": pytest.approx(400, abs=0.01),
        "q:5": pytest.approx(60, abs=0.01),
        "v:search-1": an_hour,
        "v:long ago": an_hour,
        "p:p2": an_hour,
    }


async def test_a_server_that_is_killed_and_comes_back_has_all_that_was_written(
    tmp_path: Path,
) -> None:
    """A slow disk would hold back the file of a server that syncs every second."""
    port = free_port()
    store = store_at(port)
    with redis_server(tmp_path, port, "--appendfsync", "always") as process:
        generation = await store.generation()
        await write(store, generation, ONE)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with pytest.raises(Unavailable, match="feature store: Redis does not answer"):
            await store.values(["p:1"])
    with redis_server(tmp_path, port):
        assert await store.values(["p:1"]) == [ONE]
        await write(store, generation, TWO, "p:2")  # its scripts went with the old process
    await store.close()


async def test_a_server_that_hangs_is_given_up_after_the_timeout(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port) as process:
        store = store_at(port, timeout_ms=100)
        generation = await store.generation()
        process.send_signal(signal.SIGSTOP)
        start = time.perf_counter()
        with pytest.raises(Unavailable):
            await store.values(["p:1"], generation)
        assert time.perf_counter() - start < 1
        process.send_signal(signal.SIGCONT)
        assert await store.values(["p:1"], generation) == [None]
        await store.close()


async def test_an_answer_that_comes_too_late_is_not_given_to_the_next_page(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port) as process:
        store = store_at(port)
        for number in range(20):
            await write(store, "g", counted(number + 1)[0], f"p:{number}")
        for number in range(10):
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await store.values([f"p:{number}"], "g")
            process.send_signal(signal.SIGCONT)
            assert await store.values([f"p:{number + 10}"], "g") == [counted(number + 11)[0]]
        await store.close()


async def test_a_store_that_was_wiped_is_built_anew_from_the_log_by_itself(
    store: RedisFeatureStore, port: int
) -> None:
    log = MemoryEventLog()
    worker_store = store_at(port)
    worker = Worker(log, worker_store, observation)
    await log.append(
        USER_EVENTS, [event("click", f"p{number}", visitor_id=f"v{number}") for number in range(50)]
    )
    await worker.catch_up()
    keys = [f"p:p{number}" for number in range(50)]
    before = await store.values(keys)
    assert all(before)
    await store._client.flushall()
    assert await store.values(keys) == [None] * 50
    await log.append(USER_EVENTS, [event("click", "another")])
    await worker.catch_up()
    assert await store.values(keys) == before
    await worker_store.close()
