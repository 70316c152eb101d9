"""A catalogue that changes while it serves: python -m bench.live [--data DIR] [--part freshness|pages].

pages: the processor time of a page in retrieval and reranker with 0, 1,000 and 5,000 writes since the snapshot, all of
them other prices of products that are there, so that the catalogue stays as large; the three take turns.
freshness: an engine in a process of its own takes upserts at a steady rate while pages are asked of it; some are
waited for (wait_for_visible), and the same pages are timed before without writes. Writes are removals, prices (which
need no encoder) and products with new texts.
"""

import argparse
import asyncio
import math
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import grpc
import numpy as np

from protos.catalog_pb2 import DeleteProductsRequest, GetProductRequest, Price, Product, UpsertProductsRequest
from protos.catalog_pb2_grpc import CatalogServiceStub
from protos.search_pb2 import FacetRequest, SearchRequest
from protos.search_pb2_grpc import SearchServiceStub
from services.embedding.encoding import QueryEncoding
from services.embedding.opening import open_encoder
from services.reranker.candidates import Candidates
from services.reranker.config import RerankerConfig
from services.reranker.deadline import Deadline
from services.reranker.opening import open_reranker, open_snapshot
from services.reranker.query import EncodedQuery
from services.reranker.reranker import Reranker
from services.reranker.service import product_texts
from services.retrieval.live import LiveSnapshot
from services.retrieval.retriever import Request, Retriever
from services.standalone.bench.cpu import cpu
from services.standalone.engine_process import running_engine
from services.standalone.indexing import encoder_config, index_catalog
from services.standalone.sample import write_sample
from shared.artifacts import current
from shared.catalog.wire import to_bytes
from shared.snapshot.change import Change
from shared.snapshot.generation import current_generation, snapshots_of

SIZES = (0, 1_000, 5_000)
FACETS = (("brands", 10), ("categories", 10), ("price", 10))
PATIENT_MS = 30_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="an indexed folder; default: the sample shop, indexed")
    parser.add_argument("--part", choices=("pages", "freshness", "all"), default="all")
    parser.add_argument("--rounds", type=int, default=30, help="of the pages")
    parser.add_argument("--rate", type=float, default=100.0, help="upserts a second")
    parser.add_argument("--new-texts", type=float, default=0.2, help="share of writes that need the encoder")
    parser.add_argument("--removals", type=float, default=0.1, help="share of writes that remove a product")
    parser.add_argument("--pages-rate", type=float, default=20.0, help="pages a second beside the writes")
    parser.add_argument("--batch", type=int, default=5, help="writes a call; one of them is waited for")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    print(f"cpu: {cpu()}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(arguments.data or _sample(work), work / "shop", ignore=shutil.ignore_patterns("log.sqlite*"))
        queries = _queries(work / "shop")
        if arguments.part != "freshness":
            _print_pages(measure_pages(work / "shop", queries, arguments.rounds))
        if arguments.part != "pages":
            asyncio.run(measure_freshness(work / "shop", queries, arguments))


def _sample(folder: Path) -> Path:
    write_sample(folder / "sample")
    index_catalog(folder / "sample" / "products.jsonl", folder / "indexed")
    return folder / "indexed"


def _queries(data: Path) -> list[str]:
    """Words of the shop's own titles, two or three at a time."""
    base, random = current_generation(data), Random(3)
    assert base
    rows = random.sample(range(len(base.products)), min(60, len(base.products)))
    titles = [base.products.product(row).title.replace(",", "").split() for row in rows]
    return [" ".join(random.sample(title, min(3, len(title)))) for title in titles]


# --- the cost of a page ---


@dataclass
class Sized:
    """A shop with so many products written since its snapshot."""

    live: LiveSnapshot
    reranker: Reranker
    retrieval_ms: list[float] = field(default_factory=list)
    reranker_ms: list[float] = field(default_factory=list)


def measure_pages(data: Path, queries: list[str], rounds: int) -> dict[int, Sized]:
    """Pages of each size, taking turns."""
    config = encoder_config(data)
    encoder = open_encoder(replace(config, engine="onnxruntime-int8"))
    encodings = encoder.encode_queries(queries)
    sized = {size: _sized(data, size) for size in SIZES}
    for number in range(rounds):
        for query, encoding in zip(queries, encodings, strict=True):
            for each in sized.values():
                _page(each, query, encoding, counted=number > 0)
    return sized


def _sized(data: Path, size: int) -> Sized:
    version = current(snapshots_of(data))
    assert version
    folder = snapshots_of(data) / version
    live, snapshot = LiveSnapshot(folder, data / f"private-{size}"), open_snapshot(data, version)
    changes = _changes(data, size)
    for start in range(0, size, 100):
        live.apply(changes[start : start + 100])
        snapshot.apply(changes[start : start + 100])
    reranker = open_reranker(data, version, RerankerConfig(), product_texts, snapshot=snapshot)
    return Sized(live, reranker)


def _changes(data: Path, count: int) -> list[Change]:
    """Other prices of products that are there."""
    base, random = current_generation(data), Random(5)
    assert base
    changes = []
    for number in range(count):
        row = random.randrange(len(base.products))
        product = replace(base.products.product(row), price=round(random.uniform(1, 100), 2))
        encodings = {base.encoder_version: base.encoding(row)}
        offset = base.positions.vectors + number + 1
        changes.append(Change(number + 1, product.product_id, product, to_bytes(product), encodings, offset))
    return changes


def _page(shop: Sized, query: str, encoding: QueryEncoding, counted: bool) -> None:
    began = time.thread_time()
    found = Retriever().retrieve(shop.live.state, Request(query, encoding.vector, facets=FACETS))
    retrieved = time.thread_time()
    rows = shop.reranker.snapshot.to_core(shop.live.state.rows.to_wire(found.rows))
    columns = (found.lexical_scores, found.dense_scores, found.fused_scores)
    ranks = (found.lexical_ranks.astype(np.float32), found.dense_ranks.astype(np.float32))
    asked = EncodedQuery(query, encoding.hidden, encoding.states, encoding.token_weights)
    if len(rows):
        shop.reranker.rerank(asked, Candidates(rows, *columns, *ranks), None, Deadline(math.inf))
    if counted:
        shop.retrieval_ms.append((retrieved - began) * 1e3)
        shop.reranker_ms.append((time.thread_time() - retrieved) * 1e3)


def _print_pages(sized: dict[int, Sized]) -> None:
    plain = sized[SIZES[0]]
    print("| written since | retrieval ms p50 | times | reranker ms p50 | times | both, times |")
    print("| --- | --- | --- | --- | --- | --- |")
    for size, each in sized.items():
        ours = [float(np.median(part)) for part in (each.retrieval_ms, each.reranker_ms)]
        base = [float(np.median(part)) for part in (plain.retrieval_ms, plain.reranker_ms)]
        ratios = [mine / theirs for mine, theirs in zip(ours, base, strict=True)]
        both = sum(ours) / sum(base)
        print(f"| {size:,} | {ours[0]:.2f} | {ratios[0]:.2f} | {ours[1]:.2f} | {ratios[1]:.2f} | {both:.2f} |")


# --- from a write to the page that shows it ---


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


if __name__ == "__main__":
    main()
