"""Towers that learn, from clicks to pages: train, promote, encode again, serve, roll back."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("sentence_transformers")

from aisle.v1.search_pb2 import TIER_RERANKED, SearchRequest
from cli.files.indexed import index_file
from services.standalone.standalone import Standalone
from services.training.learning.config import TrainerConfig
from services.training.learning.job import Learner
from services.training.learning.state import LearningState
from services.training.promotion import objection_to, promote
from services.training.ranker import base_bundle
from services.training.towers.gate import TowerGate
from services.training.towers.job import TowerOptions, train_towers_job
from services.training.towers.settings import TowerSettings
from shared.artifacts import current, read_manifest
from shared.errors import InvalidRequest
from shared.models.registry import Registry
from tests.unit.training.learning.shop import row, tables

pytestmark = pytest.mark.filterwarnings("default")  # of libraries of training
WAIT_SECONDS = 120
THINGS = 60
NOW_SECONDS = 2e9
SETTINGS = TowerSettings(
    draws=1,
    batch_pairs=30,
    learning_rate=3e-4,
    anchor_share=0.5,
    most_steps=4,
    eval_steps=2,
    bf16=False,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A shop whose shoppers search, day after day, for product n by a name that no text has."""
    rows = [{"id": f"p{n}", "title": f"Kettle number {n} of steel"} for n in range(THINGS)]
    (tmp_path / "catalog.jsonl").write_text("\n".join(map(json.dumps, rows)))
    index_file(tmp_path / "catalog.jsonl", tmp_path / "shop")
    opened = [
        row(f"page {n} of {day}", 1, f"p{n}", day=day, clicks=1, query_hash=n + 1)
        for day in range(10)
        for n in range(THINGS)
    ]
    tables(tmp_path / "shop" / "tables", opened, {n + 1: f"gadget x{n}" for n in range(THINGS)})
    return tmp_path / "shop"


def _train(data: Path) -> str:
    options = TowerOptions(settings=SETTINGS, gate=TowerGate(least_queries=10))
    report = train_towers_job(data, [], base_bundle(data, ""), index_file, lambda _: None, options)
    return str(report["bundle_version"])


async def _until_served_by(engine: Standalone, bundle: str) -> str:
    """The snapshot of the first page that a bundle ranked."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            page = await engine.search.Search(SearchRequest(query="kettle 7", deadline_ms=20_000))
            if page.served_by.bundle_version == bundle:
                assert page.served_by.tier == TIER_RERANKED
                return page.served_by.snapshot_version
            await asyncio.sleep(0.2)


def _heads_of(data: Path, snapshot: str) -> str:
    return str(read_manifest(data / "snapshots" / snapshot)["encoder"]["heads_sha256"])


async def test_trained_towers_encode_the_shop_again_and_can_be_rolled_back(data: Path) -> None:
    registry = Registry.of(data)
    before = base_bundle(data, "")
    name = await asyncio.to_thread(_train, data)
    made = registry.named(name)
    towers = made.metrics["towers"]
    assert towers["parent"] == before.version
    assert towers["sets"][0]["queries"]["all"] == THINGS
    assert objection_to(registry, name) == towers["refused"]
    assert set(made.files) == set(before.files)
    first = current(data / "snapshots")
    async with Standalone.open(data) as engine:
        assert await _until_served_by(engine, before.version) == first
        promote(registry, name, force=True)
        second = await _until_served_by(engine, name)
        assert second != first
        assert _heads_of(data, second) == made.files["heads.safetensors"]
        registry.roll_back()
        third = await _until_served_by(engine, before.version)
        assert _heads_of(data, third) == before.files["heads.safetensors"]


def test_a_shop_without_clicks_or_judgments_is_told_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "catalog.jsonl").write_text('{"id": "p", "title": "Kettle"}')
    index_file(tmp_path / "catalog.jsonl", tmp_path / "shop")
    told: Callable[[str], None] = print
    with pytest.raises(InvalidRequest, match="too little to learn from: 0 queries"):
        train_towers_job(
            tmp_path / "shop",
            [],
            base_bundle(tmp_path / "shop", ""),
            index_file,
            told,
            TowerOptions(),
        )


def test_the_trainer_trains_them_when_it_is_time_and_says_how_it_ended(data: Path) -> None:
    config = TrainerConfig(least_pages=THINGS, towers_hours=1.0)
    before = base_bundle(data, "").version
    towers = Learner(data, config).look(NOW_SECONDS).towers
    assert towers is not None
    assert Registry.of(data).named(towers.bundle_version).metrics["towers"]["parent"]
    in_use = Registry.of(data).version_in_use() or before
    assert in_use == (before if towers.refused else towers.bundle_version)
    assert LearningState.read(data).towers == {"seconds": NOW_SECONDS, **towers.report()}
    assert Learner(data, config).look(NOW_SECONDS + 60).towers is None
