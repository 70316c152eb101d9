"""`aisle demo --loop` as a newcomer sees it, and `aisle learn` on what it leaves behind."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.demo_shop import DemoShop
from services.standalone import served_address
from services.training.learning.lock import only_learner

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def demo(aisle: Any, sample_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the demo, and its output."""
    data = tmp_path_factory.mktemp("demo")
    shutil.copytree(sample_shop / "snapshots", data / "snapshots")
    shop = DemoShop(data)
    shop.write()
    shop.note_indexed()
    finished = aisle("demo", "--loop", "--yes", "--data", data, timeout=600)
    assert finished.returncode == 0, finished.stderr
    return data / "loop", " ".join(finished.stdout.split())


def test_the_page_learns_the_poisoned_model_is_refused_and_a_rollback_undoes_it(
    demo: tuple[Path, str],
) -> None:
    _, said = demo
    for part in range(1, 6):
        assert f"{part} of 5:" in said
    assert "a new ranker is in use" in said
    assert "For others the page has the same products with the same scores." in said
    assert "Refused: it is not better beyond chance" in said
    assert "in use: default" in said
    assert (
        "Beside the page right before the new ranker, it has the same products with the same scores." in said
    )


def test_it_ends_within_five_minutes(demo: tuple[Path, str]) -> None:
    seconds = re.search(r"That was the loop, in (\d+) s", demo[1])
    assert seconds and int(seconds[1]) < 300


def test_learn_shows_how_the_rounds_of_the_story_ended(aisle: Any, demo: tuple[Path, str]) -> None:
    data, _ = demo
    rounds = json.loads(aisle("learn", "--status", "--data", data, "--json").stdout)["rounds"]
    assert [each["refused"] for each in rounds][-1] == ""
    shown = aisle("learn", "--status", "--data", data).stdout
    assert "MRR before" in shown and f"promoted {rounds[-1]['bundle']}" in shown


def test_learn_on_a_stopped_folder_says_what_is_due_and_with_force_what_is_missing(
    aisle: Any, demo: tuple[Path, str]
) -> None:
    data, _ = demo
    assert not served_address.serving(data)
    assert json.loads(aisle("learn", "--data", data, "--json").stdout)["due"] == ""
    forced = aisle("learn", "--force", "--data", data).stdout
    assert "learnt because: asked for" in forced and "refused: too little evidence" in forced


def test_learn_names_the_process_that_learns_already(aisle: Any, demo: tuple[Path, str]) -> None:
    data, _ = demo
    with only_learner(data, 0.0):
        finished = aisle("learn", "--force", "--data", data)
    assert finished.returncode == 1
    assert re.match(r"aisle: process \d+ learns from this folder already; try again later", finished.stderr)


def test_learn_without_a_folder_says_so(aisle: Any, tmp_path: Path) -> None:
    finished = aisle("learn", "--data", tmp_path / "none")
    assert (finished.returncode, "there is no such data folder" in finished.stderr) == (1, True)
    assert "no round of learning yet" in aisle("learn", "--status", "--data", tmp_path).stdout
