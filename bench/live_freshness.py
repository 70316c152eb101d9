"""How soon a write is shown, and what pages cost beside writes."""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import grpc
import numpy as np

from bench.live_pages import FACETS
from protos.catalog_pb2 import DeleteProductsRequest, GetProductRequest, Price, Product, UpsertProductsRequest
from protos.catalog_pb2_grpc import CatalogServiceStub
from protos.search_pb2 import FacetRequest, SearchRequest
from protos.search_pb2_grpc import SearchServiceStub
from services.standalone.engine_process import running_engine
from shared.snapshot.generation import current_generation

PATIENT_MS = 30_000


@dataclass
class Freshness:
    """What a run has seen, in milliseconds."""

    acknowledged_ms: list[float] = field(default_factory=list)
    visible_ms: list[float] = field(default_factory=list)  # from the acknowledgement
    page_ms: list[float] = field(default_factory=list)
    failed: int = 0


async def measure_freshness(data: Path, queries: list[str], arguments: Any) -> None:
    """Pages alone, then pages and writes; both against one engine."""
    base = current_generation(data)
    assert base
    products = [base.products.payload(row) for row in range(len(base.products))]
    with running_engine(data) as address:
        async with grpc.aio.insecure_channel(address) as channel:
            search, catalog = SearchServiceStub(channel), CatalogServiceStub(channel)
            await _warm(search, catalog, queries, products, arguments)
            alone, beside = Freshness(), Freshness()

            def page(to: Freshness) -> Any:
                return lambda number: _searched(search, queries[number % len(queries)], to)

            def write(number: int) -> Any:
                return _written(catalog, products, number, arguments, beside)

            await _paced(arguments.pages_rate, arguments.seconds, page(alone))
            began = time.monotonic()
            await asyncio.gather(
                _paced(arguments.pages_rate, arguments.seconds, page(beside)),
                _paced(arguments.rate / arguments.batch, arguments.seconds, write),
            )
            rate = arguments.batch * len(beside.acknowledged_ms) / (time.monotonic() - began)
    _print_freshness(alone, beside, rate)


async def _warm(search: Any, catalog: Any, queries: list[str], products: list[bytes], arguments: Any) -> None:
    """Until both engines of the encoder are built: a first start on a machine tries some of them."""
    texts = argparse.Namespace(**{**vars(arguments), "removals": 0.0, "new_texts": 1.0})
    seen = Freshness()
    while not seen.visible_ms:
        await _written(catalog, products, 10**6, texts, seen)
    await _paced(20, 5, lambda number: _searched(search, queries[number % len(queries)], Freshness()))


async def _paced(rate: float, seconds: float, call: Any) -> None:
    """Begin a call at each tick, whether the one before has ended or not; return when all have."""
    tasks, began = [], time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(began + number / rate - time.monotonic())
        tasks.append(asyncio.create_task(call(number)))
    await asyncio.gather(*tasks)


async def _searched(search: Any, query: str, seen: Freshness) -> None:
    facets = [FacetRequest(field=name) for name, _ in FACETS]
    began = time.perf_counter()
    try:
        await search.Search(SearchRequest(query=query, facets=facets, deadline_ms=2_000))
    except grpc.RpcError:
        seen.failed += 1
        return
    seen.page_ms.append((time.perf_counter() - began) * 1e3)


async def _written(catalog: Any, products: list[bytes], number: int, arguments: Any, seen: Freshness) -> None:
    """A call with some writes; one of them is waited for."""
    random, began = Random(number), time.perf_counter()
    changed, removed = [], []
    for place in range(arguments.batch):
        product, kind = Product.FromString(random.choice(products)), random.random()
        if kind < arguments.removals:
            removed.append(product.product_id)
        else:
            changed.append(
                _changed(product, number * arguments.batch + place, kind < arguments.removals + arguments.new_texts)
            )
    position = 0
    if removed:
        position = (await catalog.DeleteProducts(DeleteProductsRequest(product_ids=removed))).log_position
    if changed:
        position = (await catalog.UpsertProducts(_stream(changed))).log_position
    acknowledged = time.perf_counter()
    seen.acknowledged_ms.append((acknowledged - began) * 1e3)
    wanted = GetProductRequest(
        product_id=[*removed, *(each.product_id for each in changed)][0], wait_for_visible=position
    )
    try:
        await catalog.GetProduct(wanted, timeout=PATIENT_MS / 1e3)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:  # which is what a removed product is to be
            seen.failed += 1
            return
    seen.visible_ms.append((time.perf_counter() - acknowledged) * 1e3)


async def _stream(products: list[Product]) -> AsyncIterator[UpsertProductsRequest]:
    for product in products:
        yield UpsertProductsRequest(product=product)


def _changed(product: Product, number: int, new_text: bool) -> Product:
    """With another text, or another price; whole, since it may have been removed before."""
    if new_text:
        product.title = f"{product.title} number {number}"
    product.price.CopyFrom(Price(amount=1 + number % 500))
    return product


def _print_freshness(alone: Freshness, beside: Freshness, rate: float) -> None:
    failed = beside.failed + alone.failed
    print(f"calls with writes: {len(beside.acknowledged_ms)}, {rate:.0f} writes a second, failed calls: {failed}")
    print("| ms | p50 | p99 | most |")
    print("| --- | --- | --- | --- |")
    rows: Iterable[tuple[str, list[float]]] = (
        ("call with writes, to its acknowledgement", beside.acknowledged_ms),
        ("acknowledgement, to all of it shown", beside.visible_ms),
        ("page without writes", alone.page_ms),
        ("page beside writes", beside.page_ms),
    )
    for name, values in rows:
        p50, p99 = np.percentile(values, [50, 99])
        print(f"| {name} | {p50:.0f} | {p99:.0f} | {max(values):.0f} |")
    ratios = [np.percentile(beside.page_ms, at) / np.percentile(alone.page_ms, at) for at in (50, 99)]
    print(f"pages beside writes: {ratios[0]:.2f} times p50, {ratios[1]:.2f} times p99")
