"""A catalogue on Kafka, an indexer as a process that may be killed, and a replica that serves pages
meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from aisle.v1.catalog_pb2 import Product as Message
from aisle.v1.retrieval_pb2 import FetchProductsRequest, RetrieveRequest
from services.embedding.hash_encoder import HashEncoder
from services.retrieval.followed_snapshot import FollowedSnapshot
from services.retrieval.retriever import Retriever
from services.retrieval.service import RetrievalService
from services.retrieval.snapshots import Snapshots
from shared.artifacts import current
from shared.catalog import writes
from shared.catalog.paths import with_fields
from shared.catalog.product import Product
from shared.catalog.wire import from_message, to_message
from shared.errors import SnapshotGone, Unavailable
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import CATALOG, NewRecord
from shared.live.snapshot_follower import SnapshotFollower
from shared.product_text import product_text_of
from shared.snapshot.generation import snapshots_of
from tests.catalog_state import State, shown
from tests.integration.redis_server import free_port
from tests.unit.retrieval.catalog_history import random_product

VERSION = HashEncoder.identity.version


@dataclass
class LiveShop:
    """The writes, and their outcome."""

    data: Path
    kafka: KafkaConfig
    log: KafkaEventLog
    rng: random.Random
    products: dict[str, Product] = field(default_factory=dict)  # as written
    position: int = 0
    pages: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "AISLE_KAFKA_ADDRESS": self.kafka.address,
            "AISLE_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "AISLE_EMBEDDING_MODEL": "hash",
            "AISLE_INDEXING_DATA": str(self.data),
            "AISLE_INDEXING_LEAST_RECORDS": "60",
            "AISLE_INDEXING_BATCH_PRODUCTS": "8",
            "AISLE_INDEXING_REFRESH_SECONDS": "0.05",
        }

    def indexer(self) -> subprocess.Popen[bytes]:
        environ = {**self.environ, "AISLE_INDEXING_PORT": str(free_port())}
        return subprocess.Popen([sys.executable, "-m", "services.embedding.indexing"], env=environ)

    async def write(self, count: int) -> None:
        """Random writes: whole products, single fields, removals."""
        records = [self._record() for _ in range(count)]
        self.position = (await self.log.append(CATALOG, records))[-1].offset

    def _record(self) -> NewRecord:
        product_id = f"p{self.rng.randrange(80)}"
        kind = self.rng.random()
        if kind < 0.2:
            self.products.pop(product_id, None)
            return writes.removal(product_id)
        message: Message = to_message(replace(random_product(product_id, self.rng), expire_time=None))
        if kind < 0.6:
            name = self.rng.choice(("price", "rating", "tags", "title", "attributes"))
            if product_id in self.products:
                self.products[product_id] = with_fields(
                    self.products[product_id], from_message(message), (name,)
                )
            return writes.some(message, [name])
        self.products[product_id] = from_message(message)
        return writes.whole(message)

    async def state(self, from_the_start: bool = False) -> State:
        """The products of a replica, from the current snapshot or from the log of vectors alone."""
        return await shown(self.log, self.data, from_the_start)

    @asynccontextmanager
    async def replica(self) -> AsyncIterator[RetrievalService]:
        """Retrieval in this process.

        Pages are requested all the time, and `failures` holds the failed ones.
        """
        snapshots = Snapshots()
        root = snapshots_of(self.data)
        opens = [lambda version: FollowedSnapshot(root / version, self.data / "live", snapshots)]
        follower = SnapshotFollower(self.log, root, opens, look_seconds=0.05, pause=0.05)
        following = asyncio.create_task(follower.run())
        service = RetrievalService(snapshots, Retriever())
        shopping = asyncio.create_task(self._shop(follower, service))
        try:
            yield service
        finally:
            for task in (shopping, following):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _shop(self, follower: SnapshotFollower, service: RetrievalService) -> None:
        await follower.opened()
        while True:
            try:
                await _page(service)
            except Exception as error:  # after any error, the page failed
                self.failures.append(f"{type(error).__name__}: {error}")
            self.pages += 1
            await asyncio.sleep(0.02)


async def _page(service: RetrievalService) -> None:
    """Make a page as the gateway does.

    If the snapshot was removed meanwhile, it starts again once.
    """
    try:
        await _retrieved(service)
    except SnapshotGone:
        await _retrieved(service)


async def _retrieved(service: RetrievalService) -> None:
    query = "red lamp"
    vector = HashEncoder().encode_queries([query])[0].vector.astype("<f4").tobytes()
    found = await service.Retrieve(RetrieveRequest(query=query, vector=vector, encoder_version=VERSION))
    assert len(set(found.product_ids)) == len(found.product_ids)  # no product twice
    wanted = FetchProductsRequest(rows=found.rows[:20], snapshot_version=found.snapshot_version)
    fetched = await service.FetchProducts(wanted)
    assert [product.product_id for product in fetched.products] == list(found.product_ids[:20])


async def until_applied(shop: LiveShop, service: RetrievalService) -> None:
    """Return once the replica shows all writes."""
    while True:
        with suppress(Unavailable):
            await service.FetchProducts(
                FetchProductsRequest(wait_for_visible=shop.position, budget_ms=60_000)
            )
            return
        await asyncio.sleep(0.2)  # no snapshot is open yet


async def until_indexing(shop: LiveShop) -> None:
    """Return once a started indexer has made the first snapshot, or applied a record."""
    async with asyncio.timeout(60):
        while current(snapshots_of(shop.data)) is None:
            await asyncio.sleep(0.02)


def agree(state: State, products: dict[str, Product]) -> None:
    """Assert that every product is as last written, with its encoding."""
    assert {product_id: product for product_id, (product, _) in state.items()} == products
    texts = [product_text_of(product) for product, _ in state.values()]
    vectors, states = HashEncoder().encode_products(texts)
    for (_, encoding), vector, each in zip(state.values(), vectors, states, strict=True):
        np.testing.assert_array_equal(encoding.vector, vector.astype(np.float16))
        np.testing.assert_array_equal(encoding.states, each)


async def ended(process: subprocess.Popen[bytes], how: signal.Signals) -> int:
    process.send_signal(how)
    return await asyncio.to_thread(process.wait, 60)
