"""Settings of Redis, read from AISLE_REDIS_*."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class RedisConfig:
    """The address of Redis. Without one, processes work without Redis."""

    # redis://HOST:PORT/0, rediss:// for TLS, with user and password as in any URL; empty: no Redis
    url: str = ""
    cache_url: str = ""  # another Redis for the cache; empty: the same
    cluster: bool = False  # each URL is that of one node of a Redis Cluster
    key_prefix: str = ""  # prefix of every key, so that shops can share a server
    # For a connection and for an answer; pages have shorter limits of their own
    timeout_ms: float = 1_000

    def __post_init__(self) -> None:
        for name, url in (("url", self.url), ("cache_url", self.cache_url)):
            if url and not url.startswith(("redis://", "rediss://", "unix://")):
                raise ValueError(f"{name} is {url!r}; it begins with redis://, rediss:// or unix://")
        if not re.fullmatch(r"[A-Za-z0-9._:-]{0,100}", self.key_prefix):
            raise ValueError(
                f"key_prefix is {self.key_prefix!r}; use at most 100 letters, digits, '.', '_', ':' and '-'"
            )
        if self.timeout_ms <= 0:
            raise ValueError("timeout_ms is more than 0")
