"""A server of the sample shop that learns when it is told to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict

from aisle.v1.events_pb2 import EVENT_STATUS_ACCEPTED, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub
from cli.loop.simulated_time import SimulatedTime
from services.standalone.standalone import Standalone
from services.training.learning.click_ranker import ClickSettings
from services.training.learning.config import TrainerConfig
from services.training.learning.gate import GateSettings
from services.training.learning.job import Learner, Look
from services.training.learning.retraining import LearningSettings
from shared.rpc.channels import connect

PAGE_SIZE = 20
_DEADLINE_MS = 20_000
_EVENTS_AT_ONCE = 1_000
_COUNTED_SECONDS = 300.0
# The joining and the learning are done when the story says so
_SETTINGS = {"AISLE_JOIN_ENABLED": "false", "AISLE_TRAINER_ENABLED": "false"}

# For a shop of some thousand searches in all. A real shop has the defaults, which ask for more
SMALL_SHOP = LearningSettings(
    least_pages=300,
    judged_share=0.3,
    click=ClickSettings(trees=60, min_leaf=20),
    gate=GateSettings(least_pages=100),
)
SMALL_TRAINER = TrainerConfig(least_pages=SMALL_SHOP.least_pages, memory_seconds=3_600.0)

Event = dict[str, Any]


@dataclass
class LoopEngine:
    """The standalone engine of a data folder, called over gRPC, and its learner."""

    data: Path
    engine: Standalone
    learner: Learner
    time: SimulatedTime
    search: Any
    events: Any

    @classmethod
    @asynccontextmanager
    async def open(cls, data: Path, time: SimulatedTime) -> AsyncIterator[LoopEngine]:
        """Serve DATA on the clock `time` until the block ends."""
        with time.running(), _environment(_SETTINGS):
            async with (
                Standalone.open(data) as engine,
                connect(f"127.0.0.1:{engine.port}") as channel,
            ):
                learner = Learner(data, SMALL_TRAINER, SMALL_SHOP)
                stubs = SearchServiceStub(channel), EventServiceStub(channel)
                yield cls(data, engine, learner, time, *stubs)

    async def page(self, query: str, visitor_id: str = "", **asked: Any) -> SearchResponse:
        """A page; without a visitor it is for nobody and is not logged."""
        request = SearchRequest(
            query=query,
            visitor_id=visitor_id,
            page_size=PAGE_SIZE,
            deadline_ms=_DEADLINE_MS,
            unlogged=not visitor_id,
            **asked,
        )
        page: SearchResponse = await self.search.Search(request)
        return page

    async def send(self, events: list[Event]) -> int:
        """Send events. Returns how many were accepted."""
        accepted = 0
        for start in range(0, len(events), _EVENTS_AT_ONCE):
            batch = [ParseDict(event, UserEvent()) for event in events[start : start + _EVENTS_AT_ONCE]]
            answer = await self.events.RecordEvents(RecordEventsRequest(events=batch))
            accepted += sum(ack.status == EVENT_STATUS_ACCEPTED for ack in answer.acks)
        return accepted

    async def until_counted(self) -> None:
        """Wait until features know all that happened. Raises TimeoutError after five minutes."""
        async with asyncio.timeout(_COUNTED_SECONDS):
            await self.engine.search.parts.impressions.flush()  # they wait a moment for others
            await self.engine.features.until_counted()

    async def remember(self) -> None:
        """Join what happened, and serve a newer query memory, if one is due."""
        await self._join()
        await asyncio.to_thread(self.learner.remember, self.time.seconds)
        await self.engine.take_up()

    async def learn(self, force: bool = False) -> Look:
        """Join what happened, learn what is due, and serve what came of it."""
        await self._join()
        look = await asyncio.to_thread(self.learner.look, self.time.seconds, force)
        await self.engine.take_up()
        return look

    async def _join(self) -> None:
        await self.until_counted()
        await self.engine.tables.catch_up()


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
