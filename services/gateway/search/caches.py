"""The caches that gateways share in Redis: query encodings, and ranked windows."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.config import GatewayConfig
from shared.redis.cache import RedisCache
from shared.redis.client import RedisClient, connect_cache
from shared.redis.config import RedisConfig

_WINDOW_FORMAT = 1  # raise it with every change of meaning in protos/aisle/v1/window.proto


@dataclass(frozen=True)
class Caches:
    """Both caches, over one client."""

    client: RedisClient
    encodings: RedisCache
    windows: RedisCache

    @classmethod
    def open(cls, redis: RedisConfig, config: GatewayConfig) -> Caches | None:
        """The caches. None if no Redis is configured."""
        if not redis.url and not redis.cache_url:
            return None
        client = connect_cache(redis)
        limit_ms = config.cache_ms
        max_bytes = config.max_shared_bytes
        root = f"{redis.key_prefix}aisle"
        encodings = RedisCache(client, f"{root}:encoding", config.encoding_ttl_seconds, limit_ms, max_bytes)
        windows = RedisCache(
            client,
            f"{root}:window{_WINDOW_FORMAT}",
            config.shared_window_ttl_seconds,
            limit_ms,
            max_bytes,
        )
        return cls(client, encodings, windows)

    async def close(self) -> None:
        """Finish pending writes, and close the connections."""
        await self.encodings.close()
        await self.windows.close()
        await self.client.aclose()
