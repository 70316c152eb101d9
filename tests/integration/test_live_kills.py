"""Kill -9 of the indexer at any point, while a replica serves.

No write is lost or applied twice, and no page fails.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aisle.v1.retrieval_pb2 import FetchProductsRequest, RetrieveRequest
from services.embedding.hash_encoder import HashEncoder
from shared.artifacts import versions
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.snapshot.generation import snapshots_of
from tests.catalog_state import assert_same, built_anew, written
from tests.integration.live_shop import LiveShop, agree, ended, until_applied, until_indexing

KILLS = int(os.environ.get("AISLE_TEST_KILLS", "6"))


@pytest.fixture
async def shop(kafka: KafkaConfig, tmp_path: Path) -> AsyncIterator[LiveShop]:
    log = KafkaEventLog(kafka)
    yield LiveShop(tmp_path, kafka, log, random.Random(4))
    await log.close()


@pytest.mark.timeout(600)
async def test_kills_at_random_points_lose_nothing_and_cost_no_page(shop: LiveShop, tmp_path: Path) -> None:
    async with shop.replica() as replica:
        for _ in range(KILLS):
            indexer = shop.indexer()
            await until_indexing(shop)
            for _ in range(shop.rng.randrange(1, 12)):
                await shop.write(shop.rng.randrange(1, 30))
                await asyncio.sleep(shop.rng.random() * 0.2)
            assert await ended(indexer, signal.SIGKILL) == -signal.SIGKILL
        indexer = shop.indexer()
        await shop.write(20)
        await until_applied(shop, replica)
        assert await ended(indexer, signal.SIGTERM) == 0
        everything = await replica.Retrieve(RetrieveRequest(limit=5_000))
        assert set(everything.product_ids) == shop.products.keys()
        assert everything.total_count == len(everything.product_ids) == len(shop.products)
        shown = await replica.FetchProducts(FetchProductsRequest(product_ids=sorted(shop.products)))
        assert {each.product_id: each.title for each in shown.products} == {
            product_id: product.title for product_id, product in shop.products.items()
        }
    agree(await shop.state(), shop.products)
    agree(await shop.state(from_the_start=True), shop.products)
    anew = built_anew((await written(shop.log)).values(), HashEncoder(), tmp_path / "anew")
    assert_same(await shop.state(), anew)
    assert shop.failures == [] and shop.pages > 20
    # The number of snapshots made depends on time; old ones are removed
    assert 1 <= len(versions(snapshots_of(shop.data))) <= 2


@pytest.mark.timeout(300)
async def test_an_indexer_takes_over_when_the_other_one_goes(shop: LiveShop) -> None:
    first = shop.indexer()
    await until_indexing(shop)
    second = shop.indexer()
    async with shop.replica() as replica:
        await shop.write(30)
        await until_applied(shop, replica)
        await ended(first, signal.SIGKILL)
        await shop.write(30)
        await until_applied(shop, replica)
        assert await ended(second, signal.SIGTERM) == 0
    agree(await shop.state(), shop.products)
    assert shop.failures == []


@pytest.mark.timeout(300)
async def test_a_lost_data_folder_is_made_again_from_the_log(shop: LiveShop, tmp_path: Path) -> None:
    indexer = shop.indexer()
    await until_indexing(shop)
    async with shop.replica() as replica:
        await shop.write(200)
        await until_applied(shop, replica)
    await ended(indexer, signal.SIGKILL)
    shop.data = tmp_path / "another"
    indexer = shop.indexer()
    await until_indexing(shop)
    async with shop.replica() as replica:
        await until_applied(shop, replica)
        assert await ended(indexer, signal.SIGTERM) == 0
    agree(await shop.state(), shop.products)
