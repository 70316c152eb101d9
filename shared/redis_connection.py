"""Where Redis is, and how to reach it; settings from AISLE_REDIS_*."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared.errors import Unavailable

RedisClient = Redis | RedisCluster


@dataclass(frozen=True)
class RedisConfig:
    """Defaults suit a server on this machine."""

    url: str = "redis://localhost:6379/0"  # rediss:// for TLS; user and password as in any URL; "": do without Redis
    cluster: bool = False  # the URL is of one node of a Redis Cluster
    timeout_ms: float = 1_000  # for a connection and for an answer; pages wait far less, as their own settings say

    def __post_init__(self) -> None:
        if self.timeout_ms <= 0:
            raise ValueError("timeout_ms is more than 0")


def connect(config: RedisConfig) -> RedisClient:
    """A client of one event loop; it connects when it is first used, and again whenever a connection is lost."""
    seconds = config.timeout_ms / 1000
    options: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    if config.cluster:
        return RedisCluster.from_url(config.url, **options)
    # One more try at once: after a restart of the server the first to use an old connection finds it closed.
    return Redis.from_url(config.url, retry=Retry(NoBackoff(), 1), **options)


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Whatever goes wrong with Redis in the block is Unavailable."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"{what}: Redis does not answer ({error or type(error).__name__})") from error
