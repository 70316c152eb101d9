"""Concurrent shoppers.

Pages are requested in a closed loop (each client waits) or an open one (no client waits).
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from typing import Protocol

from aisle.v1.search_pb2 import SearchRequest, SearchResponse, Tier
from shared.errors import AisleError, Overloaded
from shared.metrics import quantile


class AsyncSearch(Protocol):
    def __call__(self, request: SearchRequest, /) -> Awaitable[SearchResponse]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A requested page: its duration and its outcome."""

    duration_ms: float  # from when it was due, so that a late client hides nothing
    outcome: str  # answered, refused or failed
    reranked: bool = False


@dataclass(frozen=True)
class Traffic:
    """All pages requested within a stretch of time."""

    pages: Sequence[Asked]
    seconds: float

    def durations_ms(self, outcome: str) -> list[float]:
        return [page.duration_ms for page in self.pages if page.outcome == outcome]

    def rate(self, outcome: str) -> float:
        """Pages a second with this outcome."""
        return len(self.durations_ms(outcome)) / self.seconds

    def p50_ms(self, outcome: str) -> float:
        return round(quantile(self.durations_ms(outcome), 0.5), 2)

    def p99_ms(self, outcome: str) -> float:
        return round(quantile(self.durations_ms(outcome), 0.99), 2)

    def share(self, outcome: str) -> float:
        return len(self.durations_ms(outcome)) / max(len(self.pages), 1)

    def reranked_share(self) -> float:
        """The share of answered pages that every stage contributed to."""
        answered = [page.reranked for page in self.pages if page.outcome == "answered"]
        return round(sum(answered) / max(len(answered), 1), 4)


async def closed_loop(
    search: AsyncSearch,
    texts: Sequence[str],
    clients: int,
    seconds: float,
) -> Traffic:
    """`clients` that each request the next page when they have received one."""
    started = time.perf_counter()
    pages: list[Asked] = []

    async def client(number: int) -> None:
        queries = islice(cycle(texts), number, None)
        while time.perf_counter() - started < seconds:
            pages.append(await _ask(search, next(queries), time.perf_counter()))

    await asyncio.gather(*(client(number * 7) for number in range(clients)))
    return Traffic(pages, time.perf_counter() - started)


async def open_loop(
    search: AsyncSearch,
    texts: Sequence[str],
    pages_per_second: float,
    seconds: float,
    random: Random,
) -> Traffic:
    """Pages that fall due at random (a Poisson process), independent of earlier answers."""
    started = due = time.perf_counter()
    queries = cycle(texts)
    tasks = []
    while due - started < seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(_ask(search, next(queries), due)))
        due += random.expovariate(pages_per_second)
    return Traffic(await asyncio.gather(*tasks), seconds)


async def _ask(search: AsyncSearch, text: str, due: float) -> Asked:
    try:
        page = await search(SearchRequest(query=text))
    except Overloaded:
        return Asked(_since_ms(due), "refused")
    except AisleError:
        return Asked(_since_ms(due), "failed")
    return Asked(_since_ms(due), "answered", page.served_by.tier == Tier.TIER_RERANKED)


def _since_ms(due: float) -> float:
    return (time.perf_counter() - due) * 1000
