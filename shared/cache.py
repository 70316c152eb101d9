"""Where bytes are kept that may be gone at any time."""

from typing import Protocol


class Cache(Protocol):
    """Where bytes are kept that can be done without."""

    async def get(self, key: str) -> bytes | None:
        """What was put; None when it is not there, or nobody says in time."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Keep it for a while, if that can be done; returns at once."""
        ...
