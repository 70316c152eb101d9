"""The feature store in Redis, for processes that share it.

aisle:<schema>:generation                            name of the generation that readers see
aisle:<schema>:<generation>:{<shard>}:<key>          a value; see counters.py and visitor.py

AISLE_REDIS_KEY_PREFIX precedes all of them.

A key's shard is its hash tag. In a Redis Cluster all keys of a shard are on one node, so a page is
read, and a batch written, with one command per shard. On a single server it is one command in all.
With one command per key the client alone would take several times as long
(docs/performance-features.md).
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from redis.asyncio import RedisCluster
from redis.exceptions import NoScriptError

from shared.features.spec import SCHEMA
from shared.features.store import Change
from shared.redis.client import RedisClient, unavailable

# Part of the stored format: the most commands per page, and the most nodes that can share the keys
_SHARDS = 16
_KEYS_A_SCRIPT = 200  # other clients wait while a script runs: well below a millisecond
_KEYS_A_SCAN = 1_000

# Each key is written only if its watermarks are those that its new value was made from. Watermarks
# contain their own length, so a value that begins with the expected bytes has exactly these.
_REPLACE = """
local written = {}
for i, key in ipairs(KEYS) do
  local expected, held = ARGV[3 * i - 2], ''
  if expected ~= '' or redis.call('STRLEN', key) > 0 then
    held = redis.call('GETRANGE', key, 0, math.max(#expected, 1) - 1)
  end
  if held == expected then
    redis.call('SET', key, ARGV[3 * i - 1], 'EX', ARGV[3 * i])
    written[i] = 1
  else
    written[i] = 0
  end
end
return written
"""
_REPLACE_SHA = hashlib.sha1(_REPLACE.encode()).hexdigest()  # Redis' name of the script

Command = tuple[Any, ...]


class RedisFeatureStore:
    """FeatureStore in Redis 7 or later, a single server or a cluster."""

    def __init__(self, client: RedisClient, key_prefix: str = "", schema: int = SCHEMA) -> None:
        self._client = client
        self._root = f"{key_prefix}aisle:{schema}"
        self._clustered = isinstance(client, RedisCluster)
        self._pointer = f"{self._root}:generation"
        self._seen = ""  # the generation that readers saw last

    async def generation(self) -> str:
        """See FeatureStore."""
        with unavailable("feature store"):
            published = await self._client.get(self._pointer)
            if published is None:
                await self._client.set(self._pointer, new_generation(), nx=True)
                published = await self._client.get(self._pointer)
        self._seen = _text(published)
        return self._seen

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """See FeatureStore."""
        with unavailable("feature store"):
            if generation is not None:
                return (await self._get(keys, generation))[1]
            published, found = await self._get(keys, self._seen)
            # Another generation has been published: read once more
            if published != self._seen:
                self._seen = published
                _, found = await self._get(keys, published)
            return found if self._seen else [None] * len(keys)

    async def replace(self, changes: Sequence[Change], generation: str) -> list[bool]:
        """See FeatureStore."""
        groups = [
            part for group in self._groups([change.key for change in changes]) for part in _parts(group)
        ]
        with unavailable("feature store"):
            answers = await self._run(
                [self._replacing([changes[at] for at in group], generation) for group in groups]
            )
        written = [False] * len(changes)
        for group, answer in zip(groups, answers, strict=True):
            for at, one in zip(group, answer, strict=True):
                written[at] = bool(one)
        return written

    async def publish(self, generation: str) -> None:
        """See FeatureStore."""
        with unavailable("feature store"):
            await self._client.set(self._pointer, generation)

    async def forget(self, generation: str) -> None:
        """See FeatureStore."""
        with unavailable("feature store"):
            found: list[bytes] = []
            async for key in self._client.scan_iter(match=f"{self._root}:{generation}:*", count=_KEYS_A_SCAN):
                found.append(key)
                if len(found) >= _KEYS_A_SCAN:
                    await self._client.unlink(*found)
                    found.clear()
            if found:
                await self._client.unlink(*found)

    async def close(self) -> None:
        """See FeatureStore."""
        await self._client.aclose()

    async def _get(self, keys: Sequence[str], generation: str) -> tuple[str, list[bytes | None]]:
        """The published generation, and the values of the keys in `generation`."""
        groups = self._groups(keys)
        reads: list[Command] = [
            ("MGET", *(self._name(keys[at], generation) for at in group)) for group in groups
        ]
        published, *answers = await self._run([("GET", self._pointer), *reads])
        found: list[bytes | None] = [None] * len(keys)
        for group, values in zip(groups, answers, strict=True):
            for at, value in zip(group, values, strict=True):
                found[at] = value
        return _text(published), found

    def _replacing(self, changes: Sequence[Change], generation: str) -> Command:
        names = [self._name(change.key, generation) for change in changes]
        arguments = [
            part for change in changes for part in (change.expected, change.value, change.ttl_seconds)
        ]
        return ("EVALSHA", _REPLACE_SHA, len(names), *names, *arguments)

    async def _run(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands together. Returns their answers."""
        try:
            return await self._send(commands)
        except NoScriptError:
            # The server has restarted. Due to the watermarks, sending the commands twice is
            # harmless
            await self._client.script_load(_REPLACE)
            return await self._send(commands)

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = await pipeline.execute()
        return answers

    def _groups(self, keys: Sequence[str]) -> list[list[int]]:
        """Groups of places of keys that one command may name."""
        if not self._clustered:
            return [list(range(len(keys)))] if keys else []
        groups: dict[int, list[int]] = {}
        for at, key in enumerate(keys):
            groups.setdefault(_shard(key), []).append(at)
        return list(groups.values())

    def _name(self, key: str, generation: str) -> str:
        return f"{self._root}:{generation}:{{{_shard(key):x}}}:{key}"


def new_generation() -> str:
    """A new unique name, short because it is part of every key."""
    return f"{int(time.time()):x}{secrets.token_hex(1)}"


def _shard(key: str) -> int:
    return crc32(key.encode()) % _SHARDS


def _parts(group: list[int]) -> list[list[int]]:
    return [group[start : start + _KEYS_A_SCRIPT] for start in range(0, len(group), _KEYS_A_SCRIPT)]


def _text(value: Any) -> str:
    return value.decode() if value else ""
