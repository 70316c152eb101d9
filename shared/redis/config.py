"""Settings of Redis, read from AISLE_REDIS_*."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class RedisConfig:
    """Where Redis is; without an address there is none, and processes do without."""

    # redis://HOST:PORT/0, rediss:// for TLS, with user and password as in any URL; empty: no Redis
    url: str = ""
    cache_url: str = ""  # another Redis for what may be forgotten at any time; empty: the same
    cluster: bool = False  # the URLs are each of one node of a Redis Cluster
    key_prefix: str = ""  # before the name of every key, so that shops can share a server
    # For a connection and for an answer; pages wait far less, as their own settings say
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
