"""A client of Redis, and what its failures are."""

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

    It connects when it is first used, and again whenever a connection is lost.
    """
    return _client(config.url, config)


def connect_cache(config: RedisConfig) -> RedisClient:
    """The same for what may be forgotten."""
    return _client(config.cache_url or config.url, config)


def _client(url: str, config: RedisConfig) -> RedisClient:
    seconds = config.timeout_ms / 1000
    options: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    if config.cluster:
        return RedisCluster.from_url(url, **options)
    # One more try at once: after a restart of the server the first to use an old connection finds
    # it closed.
    return Redis.from_url(url, retry=Retry(NoBackoff(), 1), **options)


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Whatever goes wrong with Redis in the block is Unavailable."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"{what}: Redis does not answer ({error or type(error).__name__})") from error
