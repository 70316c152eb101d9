"""A data folder with a log and the features that are counted from it."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from services.standalone.counted import Counted
from services.standalone.local_features import LocalFeatures
from shared.events.log import USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.features.page import read_page
from shared.features.scope import PageRequest


@dataclass
class CountingShop:
    """One process: its log, and what it makes of it."""

    log: SqliteEventLog
    features: LocalFeatures
    counted: Counted

    async def tell(self, *events: NewRecord) -> None:
        await self.log.append(USER_EVENTS, events)

    async def opens(self, product_id: str) -> int:
        """How often a product was opened in the last seven days."""
        page = await read_page(self.features.store, PageRequest((product_id,)), time.time())
        return round(math.expm1(float(page.columns(least_visitors=1)["product_opens_7d"][0])))

    async def bought(self, product_id: str) -> int:
        """How often a product was bought, ever."""
        page = await read_page(self.features.store, PageRequest((product_id,)), time.time())
        return round(math.expm1(float(page.columns(least_visitors=1)["product_purchases_total"][0])))

    async def save(self) -> None:
        """What the features do every two seconds."""
        await self.features._save()


@asynccontextmanager
async def process(data: Path, wait_seconds: float = 30.0) -> AsyncIterator[CountingShop]:
    """The process from its start to its end."""
    async with killed(data, wait_seconds) as shop:
        try:
            yield shop
        finally:
            await shop.features.close()


@asynccontextmanager
async def killed(data: Path, wait_seconds: float = 30.0) -> AsyncIterator[CountingShop]:
    """The process from its start to a moment at which it saves nothing any more."""
    data.mkdir(exist_ok=True)
    counted = Counted()
    log = SqliteEventLog(data / "log.sqlite", keeper=counted)
    features = LocalFeatures(data, log, counted)
    features.begin()
    await features.wait(wait_seconds)
    running = asyncio.create_task(features.run())
    try:
        yield CountingShop(log, features, counted)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await log.close()


async def until(shop: CountingShop, offset: int) -> None:
    """Return once everything up to an offset of the events is counted."""
    async with asyncio.timeout(20):
        while shop.counted.position(USER_EVENTS) < offset:
            await asyncio.sleep(0.005)
