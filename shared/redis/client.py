"""A client of Redis, and its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared.errors import Unavailable
from shared.redis.config import RedisConfig

RedisClient = Redis | RedisCluster


def connect(config: RedisConfig) -> RedisClient:
    """A client for one event loop.

    It connects at its first use, and again whenever a connection is lost.
    """
    return _client(config.url, config)


def connect_cache(config: RedisConfig) -> RedisClient:
    """The same for the cache."""
    return _client(config.cache_url or config.url, config)


def _client(url: str, config: RedisConfig) -> RedisClient:
    seconds = config.timeout_ms / 1000
    options: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    if config.cluster:
        return RedisCluster.from_url(url, **options)
    # One immediate retry: after a restart of the server, the first use of an old connection finds
    # it closed.
    return Redis.from_url(url, retry=Retry(NoBackoff(), 1), **options)


@contextmanager
def unavailable(subject: str) -> Iterator[None]:
    """Turn every Redis error in the block into Unavailable."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        reason = error or type(error).__name__
        raise Unavailable(f"{subject}: Redis does not answer ({reason})") from error
