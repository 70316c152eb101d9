"""Settings of Redis, read from AISLE_REDIS_*."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RedisConfig:
    """Where Redis is; without an address there is none, and processes do without."""

    url: str = ""  # redis://HOST:PORT/0, rediss:// for TLS, with user and password as in any URL; empty: no Redis
    cache_url: str = ""  # another Redis for what may be forgotten at any time; empty: the same
    cluster: bool = False  # the URLs are each of one node of a Redis Cluster
    timeout_ms: float = 1_000  # for a connection and for an answer; pages wait far less, as their own settings say

    def __post_init__(self) -> None:
        for name, url in (("url", self.url), ("cache_url", self.cache_url)):
            if url and not url.startswith(("redis://", "rediss://", "unix://")):
                raise ValueError(f"{name} is {url!r}; it begins with redis://, rediss:// or unix://")
        if self.timeout_ms <= 0:
            raise ValueError("timeout_ms is more than 0")
