"""A cache that a test can inspect."""

from dataclasses import dataclass, field


@dataclass
class MemoryCache:
    values: dict[str, bytes] = field(default_factory=dict)
    gets: list[str] = field(default_factory=list)

    async def get(self, key: str) -> bytes | None:
        self.gets.append(key)
        return self.values.get(key)

    def put(self, key: str, value: bytes) -> None:
        self.values[key] = value
