"""Poisoned clicks bring no ranker into use, and the report says why."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.loop.engine import SMALL_SHOP, LoopEngine
from cli.loop.poison import learn_from_shuffled
from cli.loop.shopping import shop
from cli.loop.simulated_time import SimulatedTime
from cli.terminal.page_moves import scores
from sample.bots import fakes, script
from sample.crowd import Crowd
from sample.product import catalog
from sample.season import Wants
from services.training.learning.state import LearningState, in_words
from shared.models.registry import Registry

SEED = 7
SEARCHES = 700
SCRIPT_CLICKS = int(os.environ.get("AISLE_TEST_SCRIPT_CLICKS", "5000"))  # 100000: the whole
FAKES = 1_000
START = datetime(2026, 3, 2, tzinfo=UTC)
BEYOND_CHANCE = "it is not better beyond chance"

pytestmark = pytest.mark.timeout(900)


def crowd(start: datetime, name: str, is_aimless: bool = False) -> Crowd:
    return Crowd(catalog(SEED), SEED, start, wants=Wants(SEED), name=name, is_aimless=is_aimless)


QUERY = crowd(START, "v").questions()[0].text


@dataclass(frozen=True)
class Taught:
    """A data folder after two days of shoppers and a round of learning."""

    data: Path
    seconds: float

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[LoopEngine]:
        """Serve a copy of it, a moment later, with all that was counted and learnt."""
        shutil.copytree(self.data, folder)
        async with LoopEngine.open(folder, SimulatedTime(self.seconds + 60)) as engine:
            await engine.until_counted()
            await engine.engine.take_up()
            yield engine


@pytest.fixture(scope="module")
def taught(sample_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Taught:
    data = tmp_path_factory.mktemp("taught") / "shop"
    data.mkdir()
    shutil.copytree(sample_shop / "snapshots", data / "snapshots")
    time = SimulatedTime(START.timestamp())

    async def teach() -> None:
        async with LoopEngine.open(data, time) as engine:
            await shop(engine, crowd(START, "v"), 2.0, SEARCHES)
            look = await engine.learn()
            assert look.round and look.round.pages > SMALL_SHOP.least_pages

    asyncio.run(teach())
    return Taught(data, time.seconds)


async def learnt_from(engine: LoopEngine) -> tuple[int, str]:
    """The number of pages of a forced round of learning, and the reason that it was refused."""
    in_use = Registry.of(engine.data).version_in_use()
    look = await engine.learn(force=True)
    assert look.round and look.round.refused
    assert Registry.of(engine.data).version_in_use() == in_use
    report = LearningState.read(engine.data).reports[-1]
    assert report["refused"] == look.round.refused and look.round.refused in in_words(report)
    return look.round.pages, look.round.refused


async def test_a_script_that_clicks_without_end_teaches_nothing(taught: Taught, tmp_path: Path) -> None:
    async with taught.opened(tmp_path / "shop") as engine:
        target = (await engine.page(QUERY)).results[-1].product.product_id
        without, _ = await learnt_from(engine)
        page = await engine.page(QUERY, "script")
        now = engine.time.moment + timedelta(seconds=5)
        clicks = list(script("script", target, page.query_id, SCRIPT_CLICKS, now))
        await engine.send(clicks[:1])  # as one shopper would, which counts
        pages = without
        async with asyncio.timeout(60):
            while pages == without:  # until the page, which is logged behind its answer, is joined
                pages, _ = await learnt_from(engine)
        before = scores(await engine.page(QUERY))
        assert await engine.send(clicks[1:]) == SCRIPT_CLICKS - 1
        after, refused = await learnt_from(engine)
        assert BEYOND_CHANCE in refused
        # Not even the first click teaches: the visitor is too active
        assert (pages, after) == (without + 1, without)
        assert scores(await engine.page(QUERY)) == before
        left_out = engine.engine.features.left_out()
        assert left_out["repeated"] + left_out["too_fast"] == SCRIPT_CLICKS - 1
        assert engine.engine.tables.counts()["join.left_out.too_active"] > 0


async def test_a_thousand_visitors_without_pages_teach_nothing(taught: Taught, tmp_path: Path) -> None:
    async with taught.opened(tmp_path / "shop") as engine:
        pages, _ = await learnt_from(engine)
        page = await engine.page(QUERY)
        target = page.results[-1].product.product_id
        assert await engine.send(list(fakes("fake", target, FAKES, engine.time.moment))) == FAKES
        after, refused = await learnt_from(engine)
        assert (after, BEYOND_CHANCE in refused) == (pages, True)
        assert scores(await engine.page(QUERY)) == scores(page)
        assert engine.engine.features.left_out() == {"without_page": FAKES}
        assert engine.engine.tables.counts()["join.no_query"] == FAKES


async def test_a_ranker_of_shuffled_clicks_is_refused_by_real_ones(taught: Taught, tmp_path: Path) -> None:
    async with taught.opened(tmp_path / "shop") as engine:
        page = await engine.page(QUERY)
        judged = await asyncio.to_thread(learn_from_shuffled, engine.data, SMALL_SHOP)
        assert judged.judgement and judged.judgement.gain_high < 0
        assert BEYOND_CHANCE in judged.refused
        bundle = Registry.of(engine.data).named(judged.bundle_version)
        assert bundle.metrics["learning"]["refused"] == judged.refused
        await engine.engine.take_up()
        assert scores(await engine.page(QUERY)) == scores(page)


async def test_shoppers_who_click_anything_bring_no_ranker_into_use(taught: Taught, tmp_path: Path) -> None:
    async with taught.opened(tmp_path / "shop") as engine:
        aimless = crowd(engine.time.moment, "aimless", is_aimless=True)
        done = await shop(engine, aimless, 1.0, SEARCHES)
        await engine.remember()
        before = scores(await engine.page(QUERY))
        pages, refused = await learnt_from(engine)
        assert pages > done.searches and refused
        assert scores(await engine.page(QUERY)) == before
