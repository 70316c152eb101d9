"""A round of learning to recommend: its requirements, and its gate."""

from pathlib import Path

import numpy as np
import pytest

from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.promotion import objection_to
from services.training.recommending.learning import learn_to_recommend
from services.training.recommending.moment_trainer import RecommendSettings
from services.training.recommending.product_memory import MemorySettings
from shared.models.registry import Registry
from tests.unit.training.recommending.shop_history import DAY, Line, purchases

SMALL = RecommendSettings(
    least_pages=60, memory=MemorySettings(least_pair_visitors=1), least_coverage=0.1, label_days=10.0
)


def habits(days: int) -> list[Line]:
    """Each visitor buys two of its forty products a day, those bought longest ago first."""
    return [
        (f"v{visitor}", f"{visitor}-{day}", f"own{visitor % 6}-{(day + visitor) % 20 * 2 + each}", float(day))
        for day in range(days)
        for visitor in range(90)
        for each in range(2)
    ]


def by_chance(days: int) -> list[Line]:
    chance = np.random.default_rng(1)
    return [
        (f"v{visitor}", f"{visitor}-{day}", f"p{chance.integers(0, 200)}", float(day))
        for day in range(days)
        for visitor in range(100)
        if chance.random() < 0.3
    ]


def test_too_few_days_teach_nothing(tmp_path: Path) -> None:
    outcome = learn_to_recommend(tmp_path, purchases(habits(2)), None, 2 * DAY, SMALL)
    assert outcome.refused == "too little evidence: the orders span too few days"
    assert Registry.of(tmp_path).version_in_use() == "default"


def test_what_only_chance_brought_is_refused(tmp_path: Path) -> None:
    outcome = learn_to_recommend(tmp_path, purchases(by_chance(60)), None, 60 * DAY, SMALL)
    assert outcome.bundle_version == ""
    assert {each.placement for each in outcome.outcomes} == {Placement.FOR_YOU, Placement.ALSO_BOUGHT}
    assert "for_you: it is not better beyond chance" in outcome.refused


def test_habits_are_learnt_and_the_bundle_says_of_what(tmp_path: Path) -> None:
    outcome = learn_to_recommend(tmp_path, purchases(habits(60)), None, 60 * DAY, SMALL)
    (found,) = (each for each in outcome.outcomes if each.placement is Placement.FOR_YOU)
    if found.refused:
        pytest.fail(found.refused)
    registry = Registry.of(tmp_path)
    bundle = registry.chosen()
    assert bundle is not None and bundle.version == outcome.bundle_version
    assert bundle.metrics["recommending"]["parent"] == "default"
    assert bundle.metrics["recommending"]["placements"]["for_you"]["gain_low"] > 0
    assert Placement.FOR_YOU in RecommendRanker.open(bundle.folder).trees
    # Its other models are the parent's
    assert bundle.path("ranker.json") and bundle.path("heads.safetensors")
    registry.roll_back()
    assert registry.version_in_use() == "default"
    assert objection_to(registry, bundle.version) == ""
