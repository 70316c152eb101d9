from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.reranker.features import FEATURES
from services.training.learning.click_ranker import ClickSettings
from services.training.learning.config import TrainerConfig
from services.training.learning.gate import GateSettings
from services.training.learning.job import Learner
from services.training.learning.publishing import TAUGHT_UNTIL, taught_until
from services.training.learning.retraining import LearningSettings
from services.training.learning.state import LearningState
from shared import artifacts
from shared.errors import InvalidRequest
from shared.models.bundle import Bundle
from shared.models.registry import Registry
from shared.query_memory.folder import QUERY_MEMORIES
from tests.unit.training.learning.shop import FIRST_DAY, row, tables

HOUR = 3_600.0
FIRST_SECONDS = datetime.combine(FIRST_DAY, datetime.min.time(), UTC).timestamp()
CONFIG = TrainerConfig(least_pages=200, memory_seconds=60.0)
SETTINGS = LearningSettings(
    least_pages=200,
    judged_share=0.4,
    click=ClickSettings(trees=20, min_leaf=20),
    gate=GateSettings(least_pages=50, worst_new_query_gain=-1.0, least_coverage=0.0, least_new_products=0.0),
)
POPULAR = "feature.query_open_share_total"


@pytest.fixture(autouse=True)
def small_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_EMBEDDING_MODEL", "hash")


def shown(count: int, day: int = 0, shuffled: bool = False) -> list[dict[str, Any]]:
    """Pages of eight products, of which visitors open one with many earlier opens."""
    chance = np.random.default_rng(day)
    rows = []
    for number in range(count):
        shares = chance.random(8)
        chosen = chance.integers(8) if shuffled else int(shares.argmax())
        for place in range(8):
            given = {f"feature.{name}": 0.0 for name in ("fused_z", "lexical_z")}
            given[POPULAR] = float(shares[place])
            rows.append(
                row(f"q{day}-{number:04}", place + 1, f"p{place}", day, clicks=int(place == chosen), **given)
            )
    return rows


def learner(data: Path, rows: list[dict[str, Any]]) -> Learner:
    tables(data / "tables", rows, {7: "kettle"})
    return Learner(data, CONFIG, SETTINGS)


def in_use(data: Path) -> Bundle:
    bundle = Registry.of(data).chosen()
    assert bundle is not None
    return bundle


def test_without_tables_nothing_is_due(tmp_path: Path) -> None:
    look = Learner(tmp_path, CONFIG, SETTINGS).look(0.0)
    assert (look.memory_version, look.due, look.round) == ("", "", None)


def test_with_few_pages_there_is_a_memory_and_no_round(tmp_path: Path) -> None:
    look = learner(tmp_path, shown(30)).look(HOUR)
    assert look.due == ""
    memory = QUERY_MEMORIES.read(QUERY_MEMORIES.root(tmp_path), look.memory_version)
    assert memory.texts == ["kettle"]


def test_with_enough_pages_a_better_ranker_is_promoted_and_can_be_taken_back(tmp_path: Path) -> None:
    registry = Registry.of(tmp_path)
    shipped = registry.version_in_use()
    look = learner(tmp_path, shown(300)).look(HOUR)
    assert look.due == "the first 300 pages with an open"
    assert look.round is not None and look.round.refused == ""
    assert registry.version_in_use() == look.round.bundle_version != shipped
    bundle = registry.named(look.round.bundle_version)
    assert bundle.metrics["learning"]["parent"] == shipped
    assert "passed the gate" in (bundle.folder / "model_card.md").read_text()
    assert registry.roll_back() == shipped


def test_what_passes_the_gate_is_trained_again_with_the_pages_that_judged(tmp_path: Path) -> None:
    rows = [*shown(150), *shown(150, day=1)]
    look = learner(tmp_path, rows).look(HOUR)
    assert look.round is not None and look.round.judgement is not None and not look.round.refused
    assert look.round.judgement.pages == 120
    assert taught_until(in_use(tmp_path)) == max(each["event_time"] for each in rows).timestamp()


def test_pages_that_taught_the_ranker_in_use_do_not_judge(tmp_path: Path) -> None:
    first = learner(tmp_path, shown(300)).look(HOUR)
    assert first.round is not None and not first.round.refused
    more = learner(tmp_path, [*shown(300), *shown(130, day=1)]).look(2 * HOUR)
    assert more.round is not None and more.round.judgement is not None
    assert more.round.judgement.pages == 65  # the newer half: the older one teaches
    few = learner(tmp_path, [*shown(300), *shown(40, day=1)]).look(3 * HOUR, force=True)
    assert few.round is not None and few.round.judgement is not None
    assert few.round.judgement.pages == 136  # 40 are too few


def test_a_refused_ranker_was_not_taught_by_the_pages_that_judged(tmp_path: Path) -> None:
    rows = [*shown(180, shuffled=True), *shown(120, day=1, shuffled=True)]
    look = learner(tmp_path, rows).look(HOUR)
    assert look.round is not None and look.round.refused
    refused = Registry.of(tmp_path).named(look.round.bundle_version)
    assert taught_until(refused) == min(each["event_time"] for each in rows).timestamp()


def test_a_ranker_of_another_origin_was_taught_by_no_pages(tmp_path: Path) -> None:
    assert taught_until(in_use(tmp_path)) == 0.0
    assert taught_until(Bundle(tmp_path, "b", training={TAUGHT_UNTIL: "?"})) == 0.0


def test_a_ranker_of_shuffled_opens_is_refused_kept_and_not_promoted_by_hand(tmp_path: Path) -> None:
    from services.training.promotion import promote

    registry = Registry.of(tmp_path)
    shipped = registry.version_in_use()
    look = learner(tmp_path, shown(300, shuffled=True)).look(HOUR)
    assert look.round is not None
    assert "not better beyond chance" in look.round.refused
    assert registry.version_in_use() == shipped
    with pytest.raises(InvalidRequest, match="not better beyond chance"):
        promote(registry, look.round.bundle_version)


def test_a_round_is_due_again_when_pages_have_grown_or_time_has_passed(tmp_path: Path) -> None:
    first = learner(tmp_path, shown(300))
    assert first.look(HOUR).due
    assert first.look(2 * HOUR).due == ""
    more = learner(tmp_path, [*shown(300), *shown(20, day=1)])
    assert more.look(3 * HOUR).due == ""
    grown = learner(tmp_path, [*shown(300), *shown(60, day=1)])
    assert grown.look(4 * HOUR).due == "60 more pages with an open"
    state = LearningState.read(tmp_path)
    assert [report["pages"] for report in state.reports] == [300, 360]


def test_a_memory_is_made_when_the_tables_have_changed(tmp_path: Path) -> None:
    looking = learner(tmp_path, shown(30))
    assert looking.look(HOUR).memory_version
    assert looking.look(2 * HOUR).memory_version == ""
    learner(tmp_path, shown(31))
    assert looking.look(2 * HOUR + 1).memory_version
    assert len(artifacts.versions(QUERY_MEMORIES.root(tmp_path))) == 2
    assert looking.look(2 * HOUR + 2, force=True).memory_version


def test_a_state_that_cannot_be_read_is_that_of_a_beginner(tmp_path: Path) -> None:
    (tmp_path / "learning").mkdir()
    (tmp_path / "learning" / "state.json").write_text("{broken")
    assert LearningState.read(tmp_path) == LearningState()


def test_all_features_are_known_to_the_tables() -> None:
    assert POPULAR.removeprefix("feature.") in FEATURES


def test_a_round_is_due_after_a_day_if_some_pages_came(tmp_path: Path) -> None:
    assert learner(tmp_path, shown(300)).look(HOUR).due
    day = 24 * HOUR
    assert learner(tmp_path, [*shown(300), *shown(30, day=1)]).look(2 * HOUR + day).due == ""
    config = TrainerConfig(least_pages=200, retrain_growth=9.0)
    tables(tmp_path / "tables", [*shown(300), *shown(120, day=1)], {7: "kettle"})
    assert Learner(tmp_path, config, SETTINGS).look(2 * HOUR + day).due == "25 hours since the last round"


def test_a_round_is_due_when_the_ranker_in_use_has_become_worse(tmp_path: Path) -> None:
    first = learner(tmp_path, shown(300)).look(FIRST_SECONDS)
    assert first.round is not None and not first.round.refused
    config = TrainerConfig(least_pages=200, retrain_growth=9.0)
    tables(tmp_path / "tables", [*shown(300), *shown(500, day=1, shuffled=True)], {7: "kettle"})
    due = Learner(tmp_path, config, SETTINGS).look(FIRST_SECONDS + 7 * HOUR).due
    assert due.startswith("MRR fell from 0.9")


def test_a_look_removes_what_killed_learners_left(tmp_path: Path) -> None:
    left = [tmp_path / name for name in ("memory/.tmp-a", "product_memory/.tmp-a", "bundles/.tmp-old")]
    fresh = tmp_path / "bundles/.tmp-new"  # a command may be writing it
    for folder in (*left, fresh):
        folder.mkdir(parents=True)
    os.utime(left[-1], (0, 0))
    state = tmp_path / "learning/.state.json-1"
    state.parent.mkdir()
    state.write_text("{")
    Learner(tmp_path, CONFIG, SETTINGS).look(0.0)
    assert not [each for each in (*left, state) if each.exists()]
    assert fresh.exists()
