"""One caller beside attackers: python -m bench.attackers [--seconds 20].

A server serves the sample shop. A quiet caller requests ten pages a second, first alone, then
while one process for each attack runs, then alone again. It has another address than the attackers
(IPv6's loopback instead of IPv4's), as another customer would. The output has its pages, the
attackers' statuses, and the server's memory before, at most, and 30 seconds after. Before that, the
engine's caches are filled to their limits by other queries, and its models are used once, those for
products by a write. So the attackers are not charged for the memory of a working engine. They have
the lowest priority, as if they were on other machines.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.pool import AsyncResult, Pool
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import psutil
from grpc import aio

from aisle.v1.catalog_pb2 import GetProductRequest, Price, Product, UpsertProductsRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.search_pb2 import SearchRequest
from aisle.v1.search_pb2_grpc import SearchServiceStub
from bench.attack_ways import WAYS, Caller
from bench.pacing import evenly, paced
from bench.work_folder import work_folder
from cli.standalone_process import standalone_process
from tests.sample_shop import queries_of

QUIET_RATE = 10.0
_ALONE_SECONDS = 10.0
_AFTER_SECONDS = 30.0  # in which the memory must be back
_NICE = 19
_START_SECONDS = 120.0
# Callers, and pages: more than the long query encodings and windows that are kept
_FILLING = 4
_FILLED_BY = 1_200
_LARGE_EACH = 50  # so many pages one is as large as it may be
_LONG_QUERY = 20  # words, as many as are read of a query
_WORDS = 60  # letters of an error's message that are printed
_MIB = 1 << 20
_OPTIONS = [("grpc.max_send_message_length", -1)]


@dataclass
class Pages:
    """A caller's pages, by outcome."""

    ms: list[float] = field(default_factory=list)  # of the answered ones
    refused_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)  # by any other status

    def __str__(self) -> str:
        times = f"{_percentiles(self.ms)} | {_percentiles(self.refused_ms)}"
        return f"{times} | {self.failed.total()} {dict(self.failed) or ''}"


def _percentiles(ms: Sequence[float]) -> str:
    if not ms:
        return "0 | - | -"
    return f"{len(ms)} | {np.percentile(ms, 50):.0f} | {np.percentile(ms, 99):.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="the sample shop, indexed before")
    parser.add_argument("--seconds", type=float, default=20.0, help="for which the attackers go on")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS), metavar="WAY")
    parser.add_argument(
        "--one-address", action="store_true", help="all come from one address, as behind one proxy"
    )
    parser.add_argument("--workers", default="auto", help="as of aisle serve")
    arguments = parser.parse_args()
    with (
        work_folder(arguments.data) as place,
        standalone_process(place.copied(), workers=arguments.workers) as (process, address),
    ):
        port = int(address.rpartition(":")[2])
        engine = psutil.Process(process.pid)
        with _attackers(len(arguments.ways)) as attackers:
            asyncio.run(_measure(arguments, engine, port, queries_of(place.sample), attackers))


async def _measure(
    arguments: argparse.Namespace, engine: psutil.Process, port: int, queries: list[str], attackers: Pool
) -> None:
    quiet = f"127.0.0.1:{port}" if arguments.one_address else f"[::1]:{port}"
    await _write(quiet)
    await _fill_caches(quiet, queries)
    print("| | pages | p50 ms | p99 ms | refused | p50 ms | p99 ms | failed |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print(f"| alone | {await _pages(quiet, queries, _ALONE_SECONDS)} |", flush=True)
    before = _memory_mib(engine)
    async with asyncio.TaskGroup() as tasks:
        most = tasks.create_task(_most_memory(engine, arguments.seconds))
        attack = asyncio.to_thread(_attack, attackers, arguments.ways, port, arguments.seconds, queries)
        attack_task = tasks.create_task(attack)
        print(f"| beside attackers | {await _pages(quiet, queries, arguments.seconds)} |", flush=True)
    ended = time.monotonic()
    print(f"| alone again | {await _pages(quiet, queries, _ALONE_SECONDS)} |", flush=True)
    await asyncio.sleep(max(0.0, ended + _AFTER_SECONDS - time.monotonic()))
    after = _memory_mib(engine)
    for way, statuses in attack_task.result().items():
        print(f"{way}: {dict(statuses)}")
    memory = f"{before:.0f} MiB before, {most.result():.0f} at most, {after:.0f}"
    print(f"the server's memory: {memory} {_AFTER_SECONDS:.0f} s after")


async def _write(address: str) -> None:
    """Write a product, and wait until it is shown."""
    async with aio.insecure_channel(address) as channel:
        catalog: Any = CatalogServiceStub(channel)
        product = Product(product_id="first", title="The first lantern", price=Price(amount=1))
        written = await catalog.UpsertProducts(iter([UpsertProductsRequest(product=product)]))
        shown = GetProductRequest(product_id="first", wait_for_visible=written.log_position)
        await catalog.GetProduct(shown)


async def _fill_caches(address: str, queries: list[str]) -> None:
    """Request pages of long queries that are all different."""
    random = Random(2)
    numbers = iter(range(_FILLED_BY))
    async with aio.insecure_channel(address) as channel:
        stub = SearchServiceStub(channel)

        async def ask() -> None:
            for number in numbers:
                query = " ".join([*random.choices(queries, k=_LONG_QUERY), str(number)])
                size = 20 if number % _LARGE_EACH else 200
                await stub.Search(
                    SearchRequest(query=query, page_size=size, explain=True, deadline_ms=10_000)
                )

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_FILLING):
                tasks.create_task(ask())


async def _pages(address: str, queries: list[str], seconds: float) -> Pages:
    """The pages of a caller that requests a few a second."""
    pages = Pages()
    random = Random(1)
    async with aio.insecure_channel(address) as channel:
        stub = SearchServiceStub(channel)

        async def ask(_: int) -> None:
            began = time.perf_counter()
            try:
                await stub.Search(SearchRequest(query=random.choice(queries)), timeout=20)
            except aio.AioRpcError as error:
                if error.code().name == "RESOURCE_EXHAUSTED":
                    pages.refused_ms.append((time.perf_counter() - began) * 1e3)
                else:
                    pages.failed[f"{error.code().name} {(error.details() or '')[:_WORDS]}"] += 1
            else:
                pages.ms.append((time.perf_counter() - began) * 1e3)

        await paced(evenly(QUIET_RATE, int(QUIET_RATE * seconds)), ask)
    return pages


@contextmanager
def _attackers(count: int) -> Iterator[Pool]:
    """Processes of the lowest priority, all started: importing takes them seconds of the cores."""
    context = multiprocessing.get_context("spawn")
    started = context.Barrier(count + 1)
    with context.Pool(count, _begin, (started,)) as pool:
        started.wait(_START_SECONDS)
        yield pool


def _begin(started: Barrier) -> None:
    os.nice(_NICE)
    started.wait(_START_SECONDS)


def _attack(
    attackers: Pool,
    ways: Sequence[str],
    port: int,
    seconds: float,
    queries: list[str],
) -> dict[str, Counter[str]]:
    """Run each attack in a process of its own, all at once. Returns their statuses."""
    begun: dict[str, AsyncResult[Counter[str]]] = {
        way: attackers.apply_async(_attack_in, (way, port, seconds, queries)) for way in ways
    }
    return {way: result.get() for way, result in begun.items()}


def _attack_in(way: str, port: int, seconds: float, queries: list[str]) -> Counter[str]:
    return asyncio.run(_attacked(way, port, seconds, queries))


async def _attacked(way: str, port: int, seconds: float, queries: list[str]) -> Counter[str]:
    async with aio.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS) as channel:
        caller = Caller(channel, "127.0.0.1", port, seconds, queries, Random(way))
        try:
            async with asyncio.timeout(seconds + 5):
                await WAYS[way](caller)
        except TimeoutError:
            caller.statuses["given up at the end"] += 1
        return caller.statuses


async def _most_memory(engine: psutil.Process, seconds: float) -> float:
    most = 0.0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        most = max(most, _memory_mib(engine))
        await asyncio.sleep(0.1)
    return most


def _memory_mib(engine: psutil.Process) -> float:
    """The resident memory of the server's processes. Files that they share count once for each."""
    return sum(float(each.memory_info().rss) for each in [engine, *engine.children()]) / _MIB


if __name__ == "__main__":
    main()
