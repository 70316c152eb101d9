"""The cache in a real Redis. If that is slow or down, pages only go without the cache."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from shared.redis.cache import RedisCache
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from tests.integration.redis_server import free_port, redis_server


@asynccontextmanager
async def cache_at(
    port: int,
    limit_ms: float = 200,
    ttl_seconds: float = 60,
) -> AsyncIterator[RedisCache]:
    client = connect(RedisConfig(f"redis://127.0.0.1:{port}"))
    cache = RedisCache(client, "window", ttl_seconds, limit_ms)
    try:
        yield cache
    finally:
        await cache.close()
        await client.aclose()


async def value_in_time(cache: RedisCache, key: str, seconds: float = 30) -> bytes | None:
    """Read until there is a value.

    On a busy machine a new connection may be late too. Lookups are then skipped for a second.
    """
    end = time.monotonic() + seconds
    while (value := await cache.get(key)) is None and time.monotonic() < end:
        await asyncio.sleep(0.05)
    return value


async def test_what_one_puts_another_gets_until_its_time_is_over(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port):
        async with cache_at(port, ttl_seconds=0.3) as one, cache_at(port) as two:
            one.put("q1", b"\x00\xff window")
            await one.close()
            assert (await two.get("q1"), await two.get("q2")) == (b"\x00\xff window", None)
            await asyncio.sleep(0.35)
            assert await two.get("q1") is None


async def test_an_absent_redis_has_nothing_and_takes_no_time() -> None:
    async with cache_at(free_port(), limit_ms=50) as cache:
        start = time.perf_counter()
        for number in range(20):
            cache.put(str(number), b"value")
            assert await cache.get(str(number)) is None
        assert time.perf_counter() - start < 1


async def test_a_slow_redis_is_waited_for_a_few_times_and_then_left_alone_for_a_while(
    tmp_path: Path,
) -> None:
    port = free_port()
    with redis_server(tmp_path, port) as process:
        async with cache_at(port, limit_ms=20) as cache:
            cache.put("q1", b"value")
            await cache.close()
            process.send_signal(signal.SIGSTOP)
            start = time.perf_counter()
            assert [await cache.get("q1") for _ in range(50)] == [None] * 50
            assert time.perf_counter() - start < 0.5  # three times 20 ms, and not fifty times
            process.send_signal(signal.SIGCONT)
            assert await value_in_time(cache, "q1") == b"value"


async def test_more_than_can_be_on_its_way_is_dropped(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port):
        async with cache_at(port) as cache:
            for number in range(1_000):
                cache.put(str(number), b"value")
            await cache.close()
        async with Redis(port=port) as plain:
            assert 0 < await plain.dbsize() < 1_000
