"""Checks that a shop has kept everything that it acknowledged, and only once."""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis

from aisle.v1.catalog_pb2 import Product
from aisle.v1.feedback_pb2 import GetProgressRequest
from aisle.v1.feedback_pb2_grpc import FeedbackServiceStub
from aisle.v1.retrieval_pb2 import FetchProductsRequest
from aisle.v1.retrieval_pb2_grpc import RetrievalServiceStub
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import USER_EVENTS
from shared.features.page import read_page
from shared.features.redis import RedisFeatureStore
from shared.features.scope import PageRequest
from shared.features.spec import SCHEMA
from shared.features.visitor import state_of
from shared.redis.client import connect
from shared.rpc.channels import connect as dial
from tests.load import Promised
from tests.shop import Shop

_SECONDS = 120.0
_QUIET_SECONDS = 2.0


async def reckon(shop: Shop, promised: Promised, probed: str = "probe") -> None:
    """Compare the shop with the acknowledgements. Events of the visitor `probed` are additional."""
    await products_are_as_written(shop, promised)
    await events_are_in_order(shop, promised, probed)
    await counts_are_exact(shop, promised.bought)
    await store_is_as_built_anew(shop)


async def products_are_as_written(shop: Shop, promised: Promised) -> None:
    """Every replica of retrieval shows the last acknowledged state of each product."""
    wanted = {product_id: product for product_id, product in promised.products.items() if product}
    request = FetchProductsRequest(
        product_ids=promised.products,
        wait_for_visible=promised.log_position,
        budget_ms=_SECONDS * 1e3,
    )
    for name in shop.processes.of("retrieval"):
        async with dial(shop.processes.address(name)) as channel:
            stub: Any = RetrievalServiceStub(channel)
            found = (await stub.FetchProducts(request)).products
        assert {product.product_id: _plain(product) for product in found} == {
            product_id: _plain(product) for product_id, product in wanted.items()
        }, name


def _plain(product: Product) -> tuple[str, float]:
    return product.title, product.price.amount


async def events_are_in_order(shop: Shop, promised: Promised, probed: str) -> None:
    """The log has every event, and those of a visitor in the order in which they were sent."""
    log = KafkaEventLog(shop.kafka)
    found: defaultdict[str, dict[str | None, None]] = defaultdict(dict)
    consumer = await log.consumer([USER_EVENTS])
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < _QUIET_SECONDS:
        for record in await consumer.poll(0.2):
            found[record.key].setdefault(record.event_id)
            quiet_since = time.monotonic()
    await consumer.close()
    await log.close()
    found.pop(probed, None)
    for visitor, sent in promised.events.items():
        assert not set(sent) - set(found[visitor]), f"events of {visitor} are lost"
        assert list(found[visitor]) == sent, f"events of {visitor} are not in order, or some were never sent"


async def counts_are_exact(shop: Shop, bought: Counter[str]) -> None:
    """The store has counted every purchase, once."""
    until = time.monotonic() + _SECONDS
    async with aclosing(connect(shop.redis)) as client:
        store = RedisFeatureStore(client)
        while (counted := await _counted(store, list(bought))) != bought:
            assert counted <= bought, "something was counted twice"
            assert time.monotonic() < until, bought - counted
            await asyncio.sleep(0.1)


async def _counted(store: RedisFeatureStore, product_ids: Sequence[str]) -> Counter[str]:
    columns = (await read_page(store, PageRequest(product_ids), time.time())).columns(least_visitors=1)
    totals = columns["product_purchases_total"].tolist()
    return Counter(
        {name: round(math.expm1(total)) for name, total in zip(product_ids, totals, strict=True) if total}
    )


async def store_is_as_built_anew(shop: Shop) -> None:
    """The store equals a replay of the log, including impressions."""
    await until_applied(shop)
    before = await feature_values(shop.redis.url)
    assert before
    settings = {"AISLE_KAFKA_ADDRESS": shop.kafka.address, "AISLE_REDIS_URL": shop.redis.url}
    assert (await asyncio.to_thread(replayed, settings, 600))["record_count"]
    after = await feature_values(shop.redis.url)
    assert comparable(after) == comparable(before)


async def until_applied(shop: Shop) -> None:
    """Return once the feedback worker has nothing more to read."""
    (worker,) = shop.processes.of("feedback")
    async with dial(shop.processes.address(worker)) as channel:
        stub: Any = FeedbackServiceStub(channel)
        applied = [-1, -2]
        while applied[-1] != applied[-2]:
            await asyncio.sleep(_QUIET_SECONDS)
            progress = await stub.GetProgress(GetProgressRequest(), timeout=_SECONDS)
            assert not progress.waiting_for
            applied.append(progress.applied_count + progress.duplicate_count)


def replayed(settings: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """The report of `aisle replay`, with these environment variables and within so many seconds."""
    command = [sys.executable, "-m", "cli.app", "replay", "--json"]
    environ = {**os.environ, **settings}
    finished = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout))


async def feature_values(url: str, generation: str = "") -> dict[str, bytes]:
    """All keys of a generation with their values. Without a name, of the current one."""
    plain: Any
    async with Redis.from_url(url) as plain:
        generation = generation or await RedisFeatureStore(plain).generation()
        names = [name async for name in plain.scan_iter(f"aisle:{SCHEMA}:{generation}:*", count=1_000)]
        return {name.decode().split("}:")[1]: await plain.get(name) for name in names}


def comparable(values: dict[str, bytes]) -> dict[str, Any]:
    """Counters as bytes, and visitors as states, because their two topics come in any order."""
    return {key: state_of(value) if key.startswith("v:") else value for key, value in values.items()}
