"""How soon a write is shown, and the cost of pages beside writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np

from aisle.v1.catalog_pb2 import (
    DeleteProductsRequest,
    GetProductRequest,
    Product,
    UpsertProductsRequest,
)
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from bench.live_writes import Call
from bench.pacing import SCHEDULES, evenly, paced
from bench.shoppers import Pages, Shoppers

PATIENT_SECONDS = 30.0
LATE_MS = 1_000
WARMING_SECONDS = 5.0


@dataclass
class Written:
    """The observations of a run of writes."""

    acknowledged_ms: list[float] = field(default_factory=list)
    shown_ms: list[float] = field(default_factory=list)  # from the acknowledgement, of upserts
    gone_ms: list[float] = field(default_factory=list)  # the same of removals
    # Seconds from the beginning, of calls that were shown LATE_MS after
    late: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    log_position: int = 0  # of the last that was acknowledged
    writes: int = 0
    seconds: float = 0.0


class Merchant:
    """Writes, sent to one gateway at their own rate, independent of its answers."""

    def __init__(self, channel: grpc.aio.Channel, acknowledged: Callable[[int], None]) -> None:
        """`acknowledged` receives the log's position of the last acknowledged write."""
        self._catalog: Any = CatalogServiceStub(channel)
        self._acknowledged = acknowledged
        self.written = Written()
        self._began = 0.0

    async def writes(self, calls: Sequence[Call], due: Sequence[float]) -> None:
        """`due` has a number of seconds for each call. Returns when all writes are shown."""
        self._began = time.monotonic()
        await paced(due, lambda number: self._write(calls[number]))
        self.written.seconds += time.monotonic() - self._began

    async def _write(self, call: Call) -> None:
        """Send a call, and wait until its writes are shown."""
        began = time.perf_counter()
        try:
            position = await self._sent(call)
            acknowledged = time.perf_counter()
            await self._shown(call, position)
        except (grpc.aio.AioRpcError, AssertionError) as error:
            self.written.failures.append(repr(error))
            return
        of_kind = self.written.gone_ms if call.removed else self.written.shown_ms
        of_kind.append((time.perf_counter() - acknowledged) * 1e3)
        if of_kind[-1] > LATE_MS:
            self.written.late.append(round(time.monotonic() - self._began))
        self.written.acknowledged_ms.append((acknowledged - began) * 1e3)
        self.written.writes += call.write_count

    async def _sent(self, call: Call) -> int:
        if call.removed:
            answer = await self._catalog.DeleteProducts(DeleteProductsRequest(product_ids=call.removed))
        else:
            answer = await self._catalog.UpsertProducts(stream_of(call.changed))
            assert answer.accepted_count == len(call.changed), answer
        position = int(answer.log_position)
        self.written.log_position = max(self.written.log_position, position)
        self._acknowledged(self.written.log_position)
        return position

    async def _shown(self, call: Call, position: int) -> None:
        """Wait until all records up to the call's last are shown. The last product is compared."""
        product_id = call.removed[-1] if call.removed else call.changed[-1].product_id
        wanted = GetProductRequest(product_id=product_id, wait_for_visible=position)
        try:
            product = (await self._catalog.GetProduct(wanted, timeout=PATIENT_SECONDS)).product
        except grpc.aio.AioRpcError as error:
            if call.removed and error.code() is grpc.StatusCode.NOT_FOUND:
                return
            raise
        assert not call.removed and product == call.changed[-1], f"{product_id} is shown as {product}"


async def stream_of(products: Iterable[Product]) -> AsyncIterator[UpsertProductsRequest]:
    for product in products:
        yield UpsertProductsRequest(product=product)


async def measure_freshness(
    address: str,
    queries: Sequence[str],
    calls: Sequence[Call],
    arguments: Any,
    watched: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Written:
    """Measure pages alone, pages beside writes, and pages alone again, and print the results.

    The first call warms up. Pages alone come before and after, because a machine's speed may change
    meanwhile. Writes are made within `watched`.
    """
    with closing(Shoppers(address, queries)) as shoppers:
        async with grpc.aio.insecure_channel(address) as channel:
            merchant = Merchant(channel, shoppers.tell)
            alone, beside = await _asked(shoppers, merchant, calls, arguments, watched)
    print_freshness(merchant.written, alone, beside)
    print_stages(alone, beside)
    return merchant.written


async def _asked(
    shoppers: Shoppers,
    merchant: Merchant,
    calls: Sequence[Call],
    arguments: Any,
    watched: Callable[[], AbstractContextManager[None]],
) -> tuple[Pages, Pages]:
    """The pages alone, and the pages beside writes."""
    due = SCHEDULES[arguments.arrivals]

    def pages_of(seconds: float) -> Awaitable[Pages]:
        return shoppers.pages(due(arguments.pages_rate, int(arguments.pages_rate * seconds)))

    await merchant.writes(calls[:1], evenly(1, 1))
    await pages_of(WARMING_SECONDS)
    alone = await pages_of(arguments.seconds / 2)
    merchant.written = Written()
    rate = arguments.rate / arguments.batch
    rest = calls[1:]
    with watched():
        beside, _ = await asyncio.gather(
            pages_of(len(rest) / rate), merchant.writes(rest, due(rate, len(rest)))
        )
    await pages_of(WARMING_SECONDS)
    alone.extend(await pages_of(arguments.seconds / 2))
    return alone, beside


def print_freshness(written: Written, alone: Pages, beside: Pages) -> None:
    rate = written.writes / written.seconds
    calls = len(written.acknowledged_ms)
    print(
        f"{written.writes} writes in {calls} calls, {len(written.gone_ms)} "
        f"of them removals; {rate:.0f} writes a second"
    )
    print(f"late: {len(written.late)}, so many seconds after the first: {sorted(set(written.late))}")
    print(f"calls that failed: {len(written.failures)} {written.failures[:5]}")
    print("| ms | p50 | p99 | most |")
    print("| --- | --- | --- | --- |")
    rows = {
        "call with writes, to its acknowledgement": written.acknowledged_ms,
        "acknowledgement, to all upserts of the call shown": written.shown_ms,
        "acknowledgement, to all removed by the call gone": written.gone_ms,
        "page without writes": alone.ms,
        "page beside writes": beside.ms,
    }
    for name, values in rows.items():
        p50, p99 = np.percentile(values or [0], [50, 99])
        print(f"| {name} | {p50:.0f} | {p99:.0f} | {max(values, default=0):.0f} |")
    ratios = [np.percentile(beside.ms, at) / np.percentile(alone.ms, at) for at in (50, 99)]
    print(f"pages beside writes: {ratios[0]:.2f} times p50, {ratios[1]:.2f} times p99")
    lags = np.percentile(beside.behind, [50, 99])
    print(f"records acknowledged and not yet in the next page: {lags[0]:.0f} (p50), {lags[1]:.0f} (p99)")
    print(f"pages without writes: {dict(alone.outcomes)}; beside: {dict(beside.outcomes)}")


def print_stages(alone: Pages, beside: Pages) -> None:
    print("| ms of a page, p50 and p99 | without writes | beside writes |")
    print("| --- | --- | --- |")
    stages = [*alone.stage_ms, *beside.stage_ms]
    for name in sorted({name for each in stages for name in each}):
        cells = [
            np.percentile([stages.get(name, 0.0) for stages in pages.stage_ms], [50, 99])
            for pages in (alone, beside)
        ]
        print(f"| {name} | " + " | ".join(f"{p50:.1f}, {p99:.1f}" for p50, p99 in cells) + " |")
