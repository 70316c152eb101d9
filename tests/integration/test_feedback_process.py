"""The feedback worker as a process, over a real Kafka and a real Redis."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from redis.asyncio import Redis

from aisle.v1.feedback_pb2 import GetProgressRequest
from aisle.v1.feedback_pb2_grpc import FeedbackServiceStub
from shared.events import dead_letters
from shared.events.kafka.config import KafkaConfig
from shared.events.log import DEAD_LETTERS, USER_EVENTS, NewRecord
from shared.rpc.channels import connect
from tests.integration.feedback_shop import PRODUCTS, FeedbackShop, feedback_shop, kill
from tests.integration.redis_server import free_port, redis_server
from tests.reckoning import comparable, feature_values, replayed
from tests.unit.feedback.observations import event

KILLS = int(os.environ.get("AISLE_TEST_KILLS", "8"))
WORKS_SECONDS = 3.0  # at most, before a kill
SETTLED_SECONDS = 5.0  # a worker that lost its place in the group is back in less


@pytest.fixture
async def shop(kafka: KafkaConfig, tmp_path: Path) -> AsyncIterator[FeedbackShop]:
    async with feedback_shop(kafka, tmp_path) as made:
        yield made


@pytest.fixture
async def open_shop(shop: FeedbackShop) -> AsyncIterator[FeedbackShop]:
    """A shop whose Redis runs."""
    with redis_server(shop.folder, shop.redis_port):
        yield shop


async def test_a_click_is_known_within_a_second_and_the_worker_says_how_it_is(
    open_shop: FeedbackShop,
) -> None:
    shop = open_shop
    port = free_port()
    with shop.worker(port):
        await shop.buy(30)
        await shop.until_counted()
        waits = []
        for number in range(5):
            start = time.perf_counter()
            await shop.log.append(USER_EVENTS, [event("click", f"new{number}", visitor_id="v1")])
            while f"new{number}" not in (await shop.page("v1")).visitor().weights_at(time.time()):
                await asyncio.sleep(0.005)
            waits.append(time.perf_counter() - start)
        assert max(waits) < 1, waits
        await _until_read(port, 45)  # records are counted a moment after they are applied
        async with connect(f"127.0.0.1:{port}") as channel:
            stub: Any = FeedbackServiceStub(channel)
            progress = await stub.GetProgress(GetProgressRequest())
            health: Any = HealthStub(channel)
            assert (await health.Check(HealthCheckRequest())).status == HealthCheckResponse.SERVING
        assert (progress.applied_count, progress.duplicate_count, progress.dead_letter_count) == (
            35,
            10,
            0,
        )
        assert (progress.generation, progress.waiting_for) == (await shop.store.generation(), "")


@pytest.mark.timeout(120 + 15 * KILLS)
async def test_workers_that_are_killed_count_nothing_twice_and_lose_nothing(
    open_shop: FeedbackShop,
) -> None:
    shop = open_shop
    chance = random.Random(7)
    for _ in range(KILLS // 2):
        with shop.worker() as one, shop.worker() as two:
            for each in (one, two):
                await shop.buy(60)
                await shop.show(20)
                await asyncio.sleep(chance.random() * WORKS_SECONDS)
                kill(each)
            await shop.buy(60)
    with shop.worker():
        await shop.until_counted(120)
        before = await _settled_values(shop.redis_url)
    await asyncio.to_thread(replayed, shop.environ, 120 + KILLS)
    assert comparable(await feature_values(shop.redis_url)) == comparable(before)


async def _settled_values(url: str) -> dict[str, bytes]:
    """All values, once they have not changed for some seconds: pages are counted, too."""
    earlier: dict[str, bytes] = {}
    while (values := await feature_values(url)) != earlier:
        earlier = values
        await asyncio.sleep(SETTLED_SECONDS)
    return values


async def test_a_worker_outlives_the_death_of_its_redis(shop: FeedbackShop) -> None:
    with shop.worker():
        await shop.buy(30)  # there is no Redis yet
        for _ in range(3):
            with redis_server(shop.folder, shop.redis_port) as redis:
                await shop.buy(100)
                await asyncio.sleep(0.5)
                kill(redis)
            await shop.buy(100)
            await asyncio.sleep(0.5)
        with redis_server(shop.folder, shop.redis_port):
            await shop.until_counted()


async def test_a_redis_that_lost_everything_is_filled_again_by_itself(
    open_shop: FeedbackShop,
) -> None:
    shop = open_shop
    with shop.worker():
        await shop.buy(100)
        await shop.until_counted()
        async with Redis(port=shop.redis_port) as plain:
            await plain.flushall()
        await shop.until_counted()


async def test_a_replay_makes_the_same_store(open_shop: FeedbackShop) -> None:
    shop = open_shop
    port = free_port()
    with shop.worker(port):
        await shop.buy(300)
        await shop.show(100)
        await shop.until_counted()
        await _until_read(port, 500)
    before = await feature_values(shop.redis_url, await shop.store.generation())
    said = await asyncio.to_thread(replayed, shop.environ, 120)
    after = await feature_values(shop.redis_url, await shop.store.generation())
    assert (said["generation"], said["record_count"]) == (await shop.store.generation(), 500)
    assert comparable(after) == comparable(before)
    assert len(before) == len(PRODUCTS) + 1 + 300  # with the query and the visitors
    assert not await feature_values(shop.redis_url, said["replaced"])
    with shop.worker():  # continues where the replay has ended
        await shop.buy(50)
        await shop.until_counted()


async def test_pages_see_all_that_was_done_while_a_replay_goes_on_beside_the_worker(
    open_shop: FeedbackShop,
) -> None:
    shop = open_shop
    with shop.worker():
        await shop.buy(300)
        await shop.until_counted()
        replay = asyncio.create_task(asyncio.to_thread(replayed, shop.environ, 120))
        while not replay.done():
            await shop.buy(3)
            await shop.until_counted()
        assert (await replay)["generation"] == await shop.store.generation()
        await shop.buy(50)
        await shop.until_counted()


async def test_a_record_nobody_can_read_is_put_aside_and_does_not_hold_up_the_next(
    open_shop: FeedbackShop,
) -> None:
    shop = open_shop
    letters = await open_shop.log.consumer([DEAD_LETTERS])
    with shop.worker():
        await shop.log.append(USER_EVENTS, [NewRecord("v1", b"\xff\xff not a message")])
        await shop.buy(30)
        await shop.until_counted()
        found = await letters.poll(20)
    assert [dead_letters.from_record(letter).value for letter in found] == [b"\xff\xff not a message"]
    assert found[0].key.startswith("aisle.user-events:")


async def _until_read(port: int, records: int) -> None:
    """Return once the worker has read so many records.

    Impressions cannot be awaited by a page, which shows no effect of them.
    """
    async with connect(f"127.0.0.1:{port}") as channel:
        stub: Any = FeedbackServiceStub(channel)
        while (
            progress := await stub.GetProgress(GetProgressRequest())
        ).applied_count < records - progress.duplicate_count:
            await asyncio.sleep(0.05)
