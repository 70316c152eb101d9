"""The effects of a dead process on a shop, and the time until they are over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import grpc

from aisle.v1.catalog_pb2 import GetProductRequest, Price, Product
from aisle.v1.search_pb2 import SearchRequest
from shared.errors import AisleError
from shared.features.page import read_page
from shared.features.redis import RedisFeatureStore
from shared.features.scope import PageRequest
from shared.redis.client import connect
from tests.gateways import Gateways, Page
from tests.load import Load
from tests.shop import Shop

_WHOLE_SECONDS = 180.0
_AGAIN_SECONDS = 0.05
# At least, after each fault: a process may return before many pages were requested
_WATCHED_SECONDS = 2.0
_STAGES = {  # as notes name them
    "embedding": ("embedding", "dense", "reranker"),
    "retrieval": ("analyze", "retrieval", "products"),
    "reranker": ("reranker",),
    "redis": ("features",),
}
# A page that begins this soon after a death may still be sent to the dead process
_ON_ITS_WAY_SECONDS = 0.1


@dataclass(frozen=True)
class Fault:
    """One failed process. Moments are time.monotonic()'s, and durations begin with the fault."""

    name: str
    at: float
    # Until its health is SERVING again, including the time that it was kept down
    serving_seconds: float
    # Page, write, event: until the first normal one
    whole_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def over(self) -> float:
        """When the shop was normal again and had been watched long enough."""
        return self.at + max(_WATCHED_SECONDS, self.serving_seconds, *self.whole_seconds.values())


class Probes:
    """Checks everything once: a complete page, a write that is shown, an event that counts."""

    def __init__(self, gateways: Gateways, shop: Shop) -> None:
        self._gateways = gateways
        self._shop = shop
        self._numbers = count()
        self._store = RedisFeatureStore(connect(shop.redis))

    async def close(self) -> None:
        await self._store.close()

    async def whole_seconds(self, since: float) -> dict[str, float]:
        """How long after `since` each check first succeeded. All of them begin now."""
        probes = {"page": self._page(), "write": self._written(), "event": self._counted()}
        async with asyncio.timeout(_WHOLE_SECONDS):
            moments = await asyncio.gather(*probes.values())
        return {name: moment - since for name, moment in zip(probes, moments, strict=True)}

    async def _page(self) -> float:
        while True:  # another query each time, whose encoding is cached nowhere
            request = SearchRequest(
                query=f"lantern {next(self._numbers)}", visitor_id="probe", deadline_ms=5_000
            )
            page = await self._gateways.page(request)
            if page.tier == "TIER_RERANKED" and not page.left_out:
                return page.ended
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _written(self) -> float:
        product = Product(
            product_id="probe",
            title="Probe",
            price=Price(amount=1 + next(self._numbers)),
        )
        while True:
            try:
                position = await self._gateways.write(product)
                wanted = GetProductRequest(product_id="probe", wait_for_visible=position)
                shown = (await self._gateways.catalog.GetProduct(wanted, timeout=5)).product
            except grpc.aio.AioRpcError:
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            assert shown.price.amount == product.price.amount
            return time.monotonic()

    async def _counted(self) -> float:
        name = f"probe-{next(self._numbers)}"
        while not await self._recorded(name):
            await asyncio.sleep(_AGAIN_SECONDS)
        while name not in await self._recent(name):
            await asyncio.sleep(_AGAIN_SECONDS)
        return time.monotonic()

    async def _recorded(self, name: str) -> bool:
        try:
            await self._gateways.buy(name, name, name)
        except grpc.aio.AioRpcError:
            return False
        return True

    async def _recent(self, visitor_id: str) -> set[str]:
        try:
            page = await read_page(self._store, PageRequest((), visitor_id=visitor_id), time.time())
        except AisleError:
            return set()
        return set(page.visitor().weights_at(time.time()))


@asynccontextmanager
async def probes_of(gateways: Gateways, shop: Shop) -> AsyncIterator[Probes]:
    probes = Probes(gateways, shop)
    try:
        yield probes
    finally:
        await probes.close()


async def kill(shop: Shop, name: str, probes: Probes) -> Fault:
    """Kill a process, start it again at once, and wait until the shop is normal."""
    at = time.monotonic()
    shop.kill(name)
    serving = asyncio.create_task(_served(shop, name))
    whole = await probes.whole_seconds(at)
    fault = Fault(name, at, await serving - at, whole)
    await asyncio.sleep(fault.over - time.monotonic())
    return fault


async def take_down(
    shop: Shop,
    name: str,
    seconds: float,
    probes: Probes,
    held_up: bool = False,
) -> Fault:
    """Take a process down for so long, or suspend it, and wait until the shop is normal."""
    at = time.monotonic()
    (shop.hold_up if held_up else shop.kill)(name)
    await asyncio.sleep(seconds)
    serving = await _served(shop, name)
    return Fault(name, at, serving - at, await probes.whole_seconds(at))


async def _served(shop: Shop, name: str) -> float:
    await asyncio.to_thread(shop.start, name)
    return time.monotonic()


def pages_of(load: Load, fault: Fault) -> Sequence[Page]:
    """The pages requested from the fault until the shop was normal."""
    return [page for page in load.pages if fault.at <= page.ended and page.began <= fault.over]


def unexcused(load: Load, faults: Sequence[Fault]) -> Sequence[Page]:
    """Pages that failed, except those of a gateway when it was killed."""
    killed = [fault.at for fault in faults if fault.name.startswith("gateway")]
    return [
        page
        for page in load.pages
        if page.failure and not any(page.began - _ON_ITS_WAY_SECONDS <= at <= page.ended for at in killed)
    ]


def missed(page: Page, fault: Fault) -> bool:
    """Whether a page lacked something that this process does, or that depends on it."""
    stages = _STAGES.get(fault.name.partition("-")[0], ())
    return any(note.partition(":")[0] in stages for note in page.left_out)


def missed_seconds(load: Load, fault: Fault) -> float:
    """How long after the fault the last page ended that lacked something because of it."""
    return max(
        (page.ended - fault.at for page in pages_of(load, fault) if missed(page, fault)),
        default=0.0,
    )
