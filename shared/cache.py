"""The port of caches, whose bytes may disappear at any time."""

from typing import Protocol


class Cache(Protocol):
    """Stores bytes that can be computed again."""

    async def get(self, key: str) -> bytes | None:
        """The stored bytes. Returns None if they are missing, or do not arrive in time."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Store bytes for a while, if possible. Returns at once."""
        ...
