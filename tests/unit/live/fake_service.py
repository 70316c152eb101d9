"""A service that follows snapshots and records its calls, and logs that are down or slow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.artifacts import set_current
from shared.errors import Unavailable
from shared.events.log import Record
from shared.events.sqlite import SqliteEventLog
from shared.snapshot.change import Change


@dataclass
class Service:
    """What is served and shown, as a list of events."""

    root: Path
    encoders: dict[str, str] = field(default_factory=dict)  # version -> encoder version
    positions: dict[str, int] = field(default_factory=dict)  # version -> offset that it contains
    broken: dict[str, Exception] = field(default_factory=dict)
    lineages: dict[str, str] = field(default_factory=dict)  # version -> lineage
    fails_at: int = 0  # offset of a change that cannot be applied, once
    events: list[str] = field(default_factory=list)
    lives: list[FakeLive] = field(default_factory=list)

    def publish(
        self,
        version: str,
        current: bool = True,
        encoder: str = "e",
        position: int = 0,
    ) -> None:
        (self.root / version).mkdir(parents=True)
        (self.root / version / "manifest.json").write_text('{"files": {}}')
        self.encoders[version] = encoder
        self.positions[version] = position
        if current:
            set_current(self.root, version)

    def open(self, version: str) -> FakeLive:
        if version in self.broken:
            raise self.broken[version]
        self.lives.append(FakeLive(self, version, self.encoders[version], self.positions[version]))
        return self.lives[-1]

    def applied(self, version: str) -> list[int]:
        """Offsets that the newest opening of a version has applied."""
        return next(live.offsets for live in reversed(self.lives) if live.version == version)


@dataclass
class FakeLive:
    service: Service
    version: str
    encoder_version: str
    position: int
    log_position: int = 0
    offsets: list[int] = field(default_factory=list)

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.offset == self.service.fails_at:
                self.service.fails_at = 0
                raise RuntimeError("no room")
            self.offsets.append(change.offset)
            if (change.lineage or "") == self.service.lineages.get(self.version, ""):
                self.log_position = max(self.log_position, change.catalog_offset)

    def serve(self) -> None:
        self.service.events.append(f"serve {self.version}")

    def refresh(self) -> None:
        self.service.events.append(f"refresh {self.version}")

    def close(self) -> None:
        self.service.events.append(f"close {self.version}")


class Away:
    """A log that is down until it is not."""

    def __init__(self, log: SqliteEventLog) -> None:
        self._log = log
        self.down = True

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        self._check()
        return await self._log.read(topic, after_offset, limit)

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        self._check()
        return await self._log.wait(topic, after_offset, timeout_seconds)

    async def end_offset(self, topic: str) -> int:
        self._check()
        return await self._log.end_offset(topic)

    def _check(self) -> None:
        if self.down:
            raise Unavailable("the log is down")


class SlowToEnd:
    """A log that says late that there was nothing more, once it may."""

    def __init__(self, log: SqliteEventLog) -> None:
        self._log = log
        self.asked = asyncio.Event()
        self.may_say = asyncio.Event()

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        records = await self._log.read(topic, after_offset, limit)
        if not records:
            self.asked.set()
            await self.may_say.wait()
        return records

    async def end_offset(self, topic: str) -> int:
        return await self._log.end_offset(topic)

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        return await self._log.wait(topic, after_offset, timeout_seconds)
