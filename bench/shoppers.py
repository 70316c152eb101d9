"""Shoppers that request pages at their own rate, in a process of their own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import grpc

from aisle.v1.search_pb2 import FacetRequest, SearchRequest, Tier
from aisle.v1.search_pb2_grpc import SearchServiceStub
from bench.live_pages import FACETS
from bench.pacing import paced

PAGE_DEADLINE_MS = 2_000
_acknowledged: Any = None  # in the shoppers' process: the last position passed to Shoppers.tell


@dataclass
class Pages:
    """Pages of a stretch of time."""

    ms: list[float] = field(default_factory=list)
    # Tiers, what was left out, and failures
    outcomes: Counter[str] = field(default_factory=Counter)
    stage_ms: list[dict[str, float]] = field(default_factory=list)
    # Records acknowledged before the page that it does not show yet
    behind: list[int] = field(default_factory=list)

    def extend(self, others: Pages) -> None:
        """Count the pages of another stretch, too."""
        self.ms += others.ms
        self.outcomes += others.outcomes
        self.stage_ms += others.stage_ms
        self.behind += others.behind


class Shopper:
    """Requests pages from one gateway."""

    def __init__(self, channel: grpc.aio.Channel, queries: Sequence[str]) -> None:
        self._search: Any = SearchServiceStub(channel)
        self._queries = queries

    async def pages(self, due: Sequence[float]) -> Pages:
        pages = Pages()
        await paced(due, lambda number: self._page(number, pages))
        return pages

    async def _page(self, number: int, pages: Pages) -> None:
        facets = [FacetRequest(field=each.field) for each in FACETS]
        query = self._queries[number % len(self._queries)]
        acknowledged = _acknowledged.value
        began = time.perf_counter()
        try:
            wanted = SearchRequest(query=query, facets=facets, deadline_ms=PAGE_DEADLINE_MS)
            served_by = (await self._search.Search(wanted)).served_by
        except grpc.aio.AioRpcError as error:
            pages.outcomes[f"failed: {error.code().name}"] += 1
            return
        pages.ms.append((time.perf_counter() - began) * 1e3)
        pages.stage_ms.append(dict(served_by.stage_ms))
        pages.behind.append(max(0, acknowledged - served_by.log_position))
        pages.outcomes.update([Tier.Name(served_by.tier), *served_by.degraded])


class Shoppers:
    """A Shopper in a process of its own.

    So the work of the writer does not count in a page's time.
    """

    def __init__(self, address: str, queries: Sequence[str]) -> None:
        self._address = address
        self._queries = queries
        spawning = get_context("spawn")
        self._acknowledged: Any = spawning.Value("Q", 0)
        self._process = ProcessPoolExecutor(1, spawning, _share, (self._acknowledged,))

    def tell(self, acknowledged: int) -> None:
        """Set the log's position of the last acknowledged write. Pages are compared with it."""
        self._acknowledged.value = acknowledged

    async def pages(self, due: Sequence[float]) -> Pages:
        """`due` has the seconds from now at which each page is requested."""
        where = self._address, self._queries, due
        return await asyncio.get_running_loop().run_in_executor(self._process, _pages, *where)

    def close(self) -> None:
        self._process.shutdown()


def _share(acknowledged: Any) -> None:
    global _acknowledged  # a process has one
    _acknowledged = acknowledged


def _pages(address: str, queries: Sequence[str], due: Sequence[float]) -> Pages:
    async def run() -> Pages:
        async with grpc.aio.insecure_channel(address) as channel:
            return await Shopper(channel, queries).pages(due)

    return asyncio.run(run())
