"""A cache in Redis.

Missing, late or failed answers cost no more than a cache miss.
"""

import asyncio
from typing import Any

from shared.redis.client import RedisClient, unavailable
from shared.redis.recent_bytes import RecentBytes
from shared.stage import Missed, Stage

DEFAULT_MAX_BYTES = 256 << 20
_MAX_LATE = 3
_MAX_PUTS = 32  # concurrent writes; more are dropped
_PUT_MS = 1_000.0


class RedisCache:
    """Cache in Redis.

    A lookup takes a bounded time. After some late answers, lookups are skipped for a second.
    """

    def __init__(
        self,
        client: RedisClient,
        name: str,
        ttl_seconds: float,
        limit_ms: float,
        max_bytes: int = DEFAULT_MAX_BYTES,
    ) -> None:
        """Keys are `<name>:<key>`.

        `max_bytes` limits the bytes of this process in Redis; more are not stored.
        """
        self._put_lately = RecentBytes(max_bytes, ttl_seconds)
        self._client = client
        self._prefix = f"{name}:"
        self._ttl_ms = max(1, int(ttl_seconds * 1000))
        self._limit_ms = limit_ms
        self._looks = Stage(name, max_late=_MAX_LATE, fair_ms=limit_ms)
        self._puts = Stage(name, max_late=_MAX_LATE, fair_ms=_PUT_MS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: str) -> bytes | None:
        """See Cache."""
        try:
            return await self._looks.run(lambda: self._look(key), self._limit_ms)
        except Missed:
            return None

    def put(self, key: str, value: bytes) -> None:
        """See Cache."""
        if len(self._tasks) < _MAX_PUTS and self._put_lately.admits(len(value)):
            task = asyncio.create_task(self._put(key, value))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Finish the writes in progress."""
        await asyncio.gather(*self._tasks)

    async def _look(self, key: str) -> bytes | None:
        with unavailable("cache"):
            found: Any = await self._client.get(self._prefix + key)
        return found if isinstance(found, bytes) else None

    async def _put(self, key: str, value: bytes) -> None:
        async def write() -> None:
            with unavailable("cache"):
                await self._client.set(self._prefix + key, value, px=self._ttl_ms)

        try:
            await self._puts.run(write, _PUT_MS)
        except Missed:
            return
