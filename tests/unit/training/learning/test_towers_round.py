"""When the trainer trains the towers, and what it says if it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.training.learning import towers_round
from services.training.learning.config import TrainerConfig
from services.training.learning.state import LearningState
from services.training.learning.towers_round import TowersRound, learn_towers_if_due
from services.training.towers import job
from shared.errors import InvalidRequest

HOUR = 3_600.0
WEEKLY = TrainerConfig(least_pages=100, towers_hours=168.0)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bundles that were promoted. Training makes bundles b1, b2 and so on."""
    promoted: list[str] = []
    names = (f"b{number}" for number in range(1, 9))

    def train(*_: Any) -> dict[str, Any]:
        return {"bundle_version": next(names)}

    monkeypatch.setattr(job, "train_towers_job", train)
    monkeypatch.setattr(towers_round, "promote", lambda _, version: promoted.append(version))
    monkeypatch.setattr(towers_round, "find_spec", lambda name: name)
    return promoted


def at(data: Path, hours: float, pages: int, config: TrainerConfig = WEEKLY) -> TowersRound | None:
    return learn_towers_if_due(data, config, pages, 1e9 + hours * HOUR)


def test_they_are_trained_once_there_is_enough_and_then_once_a_week(tmp_path: Path, made: list[str]) -> None:
    assert at(tmp_path, 0, 99) is None
    assert at(tmp_path, 1, 100) == TowersRound("", "b1")
    assert at(tmp_path, 168, 1_000) is None
    assert at(tmp_path, 169, 1_000) == TowersRound("", "b2")
    assert made == ["b1", "b2"]


def test_without_new_pages_there_is_nothing_to_learn(tmp_path: Path, made: list[str]) -> None:
    at(tmp_path, 0, 1_000)
    assert at(tmp_path, 400, 1_099) is None
    assert at(tmp_path, 401, 1_101) is not None


def test_by_default_they_are_never_trained(tmp_path: Path, made: list[str]) -> None:
    assert at(tmp_path, 0, 10_000, replace(WEEKLY, towers_hours=TrainerConfig().towers_hours)) is None
    assert made == []


def test_towers_that_are_no_better_stay_out_and_the_reason_is_kept(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any, version: str) -> None:
        raise InvalidRequest(f"bundle {version}", "is not promoted: recall@100 falls")

    monkeypatch.setattr(towers_round, "promote", refuse)
    outcome = at(tmp_path, 0, 1_000)
    assert outcome == TowersRound("bundle b1: is not promoted: recall@100 falls", "b1")
    assert LearningState.read(tmp_path).towers == {"seconds": 1e9, **outcome.report()}
    assert at(tmp_path, 1, 5_000) is None, "a refused training counts as one"


def test_without_torch_it_says_what_is_missing(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(towers_round, "find_spec", lambda name: None)
    outcome = at(tmp_path, 0, 1_000)
    assert outcome is not None
    assert outcome.refused == "torch is not installed; it comes with the extra 'train'"


def test_a_negative_number_of_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="towers_hours is -1"):
        TrainerConfig(towers_hours=-1.0)
