"""A server that learns when the replay says so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from services.standalone.standalone import Standalone
from services.training.learning.config import TrainerConfig
from services.training.learning.job import Learner, Look, learning_settings
from shared.config import load
from shared.features.scopes.query import QUERY
from shared.features.store import FeatureStore
from shared.query_memory.memory import QueryMemory

_MEMORY_SECONDS = 6 * 3_600.0
_MEASURED_SECONDS = 3_600.0  # a server looks twice a minute
_TOWERS_HOURS = 21 * 24
_ENCODING_SECONDS = 600.0  # at most, of all products


@dataclass(frozen=True)
class Parts:
    """What is switched off."""

    NAMES: ClassVar[tuple[str, ...]] = ("near", "recall", "ranker", "towers")
    without: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        """Settings of the server and the trainer."""
        off = {
            "near": {"AISLE_RERANKER_NEAR_QUERIES": "false"},
            "recall": {"AISLE_RETRIEVAL_MEMORY_LIMIT": "0"},
            "towers": {"AISLE_TRAINER_TOWERS_HOURS": "0"},
        }
        found = {
            "AISLE_JOIN_ENABLED": "false",
            "AISLE_TRAINER_ENABLED": "false",
            "AISLE_TRAINER_TOWERS_HOURS": f"{_TOWERS_HOURS}",
            # Shoppers clicked on the pages of another engine: positions on these pages say nothing
            "AISLE_TRAINER_CORRECT_POSITIONS": "false",
        }
        for name in self.without:
            found |= off.get(name, {})
        return found


class ForgettingStore:
    """A feature store in which queries have no history while `forgetting`."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self.forgetting = False

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """See FeatureStore."""
        values = await self._store.values(keys, generation)
        if self.forgetting and generation is None:
            own = f"{QUERY.letter}:"
            return [None if key.startswith(own) else value for key, value in zip(keys, values, strict=True)]
        return values

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclass
class LearningEngine:
    """The standalone server with the trainer's work done in between."""

    engine: Standalone
    learner: Learner
    parts: Parts
    store: ForgettingStore
    looks: list[tuple[float, Look]] = field(default_factory=list)
    next_seconds: float = 0.0
    forgetful: QueryMemory | None = None  # the newest memory, without what it knows of queries themselves

    @classmethod
    @asynccontextmanager
    async def open(cls, data: Path, parts: Parts) -> AsyncIterator[LearningEngine]:
        """Serve DATA."""
        os.environ.update(parts.environment())
        config = load(TrainerConfig)
        async with Standalone.open(data) as engine:
            store = ForgettingStore(engine.reranking.reader.store)
            engine.reranking.reader.store = store
            yield cls(engine, Learner(data, config, learning_settings(config)), parts, store)

    @property
    def port(self) -> int:
        return self.engine.port

    async def learn_if_due(self, now_seconds: float, is_measured: bool) -> None:
        """Every six hours: export the tables, refresh the memory, train if it is time.

        Every hour on the days that are measured.
        """
        if now_seconds < self.next_seconds:
            return
        every = _MEASURED_SECONDS if is_measured else _MEMORY_SECONDS
        self.next_seconds = (now_seconds // every + 1) * every
        await self.engine.tables.catch_up()
        look = await asyncio.to_thread(self._look, now_seconds)
        if look.due or look.towers:
            print(f"{look.report()}", flush=True)
            self.looks.append((now_seconds, look))
        if look.towers and not look.towers.refused:
            await self._until_served(look.towers.bundle_version, now_seconds)
        await self.engine.take_up()

    @contextmanager
    def without_own_history(self) -> Iterator[None]:
        """Pages until the block ends know nothing of what was done under their own query."""
        follower = self.engine.learning.memory
        known = follower.memory
        if known is not None and (self.forgetful is None or self.forgetful.version != known.version):
            self.forgetful = replace(known, knows_itself=False)
        follower.memory, self.store.forgetting = self.forgetful, True
        try:
            yield
        finally:
            follower.memory, self.store.forgetting = known, False

    async def _until_served(self, bundle: str, now_seconds: float) -> None:
        """Wait until all products are encoded by new towers; queries remembered by these follow."""
        async with asyncio.timeout(_ENCODING_SECONDS):
            while (await self.engine.status()).bundle_version != bundle:
                await asyncio.sleep(1)
                await self.engine.take_up()
        await asyncio.to_thread(self.learner.remember, now_seconds, True)

    async def learn_products(self, now_seconds: float) -> None:
        """Export the tables, and serve a product memory of them."""
        await self.engine.tables.catch_up()
        await asyncio.to_thread(self.learner.remember, now_seconds, True)
        print((await asyncio.to_thread(self.learner.learn_to_recommend, now_seconds)).report(), flush=True)
        await self.engine.take_up()

    def _look(self, now_seconds: float) -> Look:
        if "ranker" in self.parts.without:
            return self.learner.remember(now_seconds)
        return self.learner.look(now_seconds)

    def lines(self) -> Iterator[str]:
        """How the rounds ended."""
        rounds = [look.round for _, look in self.looks if look.round]
        towers = [look.towers for _, look in self.looks if look.towers]
        for name, outcomes in (("rounds of learning", rounds), ("trainings of the towers", towers)):
            promoted = sum(not each.refused for each in outcomes)
            yield f"{len(outcomes)} {name}, {promoted} promoted"
