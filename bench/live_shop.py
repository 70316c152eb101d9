"""The freshness of a shop of processes, and whether all writes are shown in the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aisle.v1.retrieval_pb2 import RetrieveRequest
from aisle.v1.retrieval_pb2_grpc import RetrievalServiceStub
from bench.live_freshness import measure_freshness
from bench.live_writes import Call, promised_by
from bench.replicas import busy_seconds
from services.embedding.opening import open_encoder
from services.training.encoder_config import encoder_config
from shared.events.kafka.log import KafkaEventLog
from shared.rpc.channels import connect
from tests.catalog_state import assert_same, built_anew, shown, written
from tests.load import Promised
from tests.reckoning import products_are_as_written
from tests.shop import QUICK, Shop, running_shop

ON_ONE_MACHINE = {
    "AISLE_EMBEDDING_PRODUCT_ENGINE": "auto",  # the cost of new texts is part of the measurement
    "AISLE_RETRIEVAL_SCRATCH": "",  # the copy of the word index is in memory, as by default
    # As in `aisle serve`: the indexer leaves a core to pages
    "AISLE_EMBEDDING_PRODUCT_THREADS": "1",
}
IDS_A_CALL = 1_000  # that retrieval takes


def measure_shop(
    data: Path, folder: Path, queries: Sequence[str], calls: Sequence[Call], arguments: Any
) -> None:
    """Measure one process of each service.

    Raises AssertionError if a product is lost, doubled or wrong.
    """
    with running_shop(data, folder / "run", {}, {**QUICK, **ON_ONE_MACHINE}) as shop:
        costs = _Costs(shop)
        answered = asyncio.run(
            measure_freshness(shop.processes.gateway, queries, calls, arguments, costs.watched)
        )
        costs.print(answered.writes)
        assert not answered.failures
        asyncio.run(_compare(shop, promised_by(calls, answered.log_position), folder / "anew"))


class _Costs:
    """Processor time of each process while it is watched."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._cores: dict[str, float] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        began = time.monotonic()
        before = busy_seconds(self._shop)
        yield
        seconds = time.monotonic() - began
        after = busy_seconds(self._shop)
        self._cores = {name: (after[name] - before[name]) / seconds for name in after}

    def print(self, write_count: int) -> None:
        parts = ", ".join(f"{name} {part:.2f}" for name, part in self._cores.items())
        print(
            f"cores beside {write_count} writes: {parts}; in all "
            f"{sum(self._cores.values()):.2f} without the client"
        )


async def _compare(shop: Shop, promised: Promised, folder: Path) -> None:
    """Compare the products with the acknowledged writes, and with those of the log alone."""
    items = list(promised.products.items())
    for start in range(0, len(items), IDS_A_CALL):
        part = dict(items[start : start + IDS_A_CALL])
        await products_are_as_written(shop, Promised(part, log_position=promised.log_position))
    log = KafkaEventLog(shop.kafka)
    state = await shown(log, shop.data)
    logged = await written(log)
    await log.close()
    found = await _everything(shop)
    assert sorted(found) == sorted(state), "a replica shows products twice, or others than the log has"
    touched = {product_id: state[product_id] for product_id in state if product_id in promised.products}
    assert_same(touched, built_anew(logged.values(), open_encoder(encoder_config(shop.data)), folder))
    print(
        f"all {len(state)} products are there once; the {len(touched)} that were written are as "
        "a new index of aisle.catalog has them, the others as in the first snapshot"
    )


async def _everything(shop: Shop) -> list[str]:
    (name,) = shop.processes.of("retrieval")
    async with connect(shop.processes.address(name)) as channel:
        stub: Any = RetrievalServiceStub(channel)
        answer = await stub.Retrieve(RetrieveRequest(limit=5_000))
    assert answer.total_count == len(answer.product_ids)
    return list(answer.product_ids)
