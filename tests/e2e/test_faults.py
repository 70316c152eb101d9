"""Processes that die, and servers that are down, while a shop is busy.

bench/faults.py runs longer.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults import Probes, kill, missed, pages_of, probes_of, take_down, unexcused
from tests.gateways import Gateways
from tests.load import Load, Pace
from tests.reckoning import reckon
from tests.sample_shop import product_ids_of, queries_of
from tests.shop import QUICK, REPLICAS, SMALL_SNAPSHOTS, Shop, running_shop

KILLED = (
    *("kafka", "retrieval-1", "gateway-1", "redis", "indexing", "reranker-2", "feedback"),
    *("embedding", "gateway-2", "redis", "indexing", "retrieval-2"),
)
AWAY_SECONDS = 6.0
BY = {
    "redis": "TIER_RERANKED",
    "kafka": "TIER_RERANKED",
    "embedding": "TIER_LEXICAL",
    "reranker": "TIER_FUSED",
}


@pytest.fixture
def shop(sample_shop: Path, tmp_path: Path) -> Iterator[Shop]:
    shutil.copytree(sample_shop / "snapshots", tmp_path / "data" / "snapshots")
    with running_shop(tmp_path / "data", tmp_path / "run", REPLICAS, {**QUICK, **SMALL_SNAPSHOTS}) as running:
        yield running


@asynccontextmanager
async def busy(shop: Shop, sample: Path) -> AsyncIterator[tuple[Probes, Load]]:
    """A load on the shop until the block ends."""
    async with (
        Gateways(shop.processes.gateway) as gateways,
        probes_of(gateways, shop) as probes,
        Load(gateways, queries_of(sample), product_ids_of(sample)[:200], Pace()) as load,
    ):
        yield probes, load


@pytest.mark.timeout(1_200)
async def test_whoever_is_killed_what_was_acknowledged_is_there_and_counted_once(
    shop: Shop, sample: Path
) -> None:
    async with busy(shop, sample) as (probes, load):
        faults = [await kill(shop, name, probes) for name in KILLED]
    assert len(load.pages) > 3 * len(KILLED) and unexcused(load, faults) == [], faults
    await reckon(shop, load.promised)


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("held_up", [False, True], ids=["gone", "standing still"])
async def test_while_one_is_away_pages_go_out_and_say_so_and_afterwards_all_is_there(
    shop: Shop, sample: Path, held_up: bool
) -> None:
    async with busy(shop, sample) as (probes, load):
        faults = []
        for service in BY:
            faults.append(await take_down(shop, service, AWAY_SECONDS, probes, held_up))
            await asyncio.sleep(1)  # earlier pages end
    assert unexcused(load, faults) == [], faults
    for fault in faults:
        pages = pages_of(load, fault)
        without = [page for page in pages if missed(page, fault)]
        assert without or fault.name == "kafka"
        assert {page.tier for page in without} <= {BY[fault.name], "TIER_RERANKED"}
        assert {page.tier for page in pages if not page.left_out} <= {"TIER_RERANKED"}, pages
    await reckon(shop, load.promised)
