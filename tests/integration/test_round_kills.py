"""Kill -9 of a round of learning at any moment: what is in use is whole, and ends as in a clean run."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.training.learning.publishing import CARD
from services.training.learning.state import LearningState
from shared import artifacts
from shared.models.bundle import RANKER_FILES, Bundle
from shared.models.registry import Registry
from shared.query_memory.folder import QUERY_MEMORIES
from shared.query_memory.memory import QueryMemory
from tests.unit.training.learning.shop import row, tables

KILLS = int(os.environ.get("AISLE_TEST_KILLS", "8"))
PAGES = 1_600
SHOWN = 8
NOW = datetime.now(UTC)
UNTIL_SECONDS = 120.0
ENVIRONMENT = {
    **os.environ,
    "AISLE_EMBEDDING_MODEL": "hash",
    "AISLE_TRAINER_LEAST_PAGES": "200",
    "AISLE_TRAINER_MEMORY_SECONDS": "0.001",
}

pytestmark = pytest.mark.timeout(300 + 20 * KILLS)


def shown() -> list[dict[str, Any]]:
    """Pages of which visitors open what was opened most, under the query and in all."""
    chance = np.random.default_rng(5)
    rows = []
    for number in range(PAGES):
        own, others = chance.random((2, SHOWN))
        chosen = int((own + others).argmax())
        shown_at = NOW - timedelta(days=3) + timedelta(seconds=number)
        for place, product in enumerate(chance.permutation(SHOWN * 5)[:SHOWN]):
            features = {"query_open_share_total": own[place], "product_opens_30d": others[place]}
            given: dict[str, Any] = {f"feature.{name}": float(each) for name, each in features.items()}
            each = row(f"q{number:05}", place + 1, f"p{product}", clicks=int(place == chosen), **given)
            rows.append({**each, "event_time": shown_at, "query_hash": 7 + number % 3})
    return rows


def started(data: Path) -> subprocess.Popen[bytes]:
    """One look of the trainer, in its process."""
    command = [sys.executable, "-m", "services.training.learning.process", str(data)]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE)


def used_seconds() -> float:
    """Processor time of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def look(data: Path) -> float:
    """A look that nothing stops. Returns its processor time."""
    before = used_seconds()
    with started(data) as process:
        answer, _ = process.communicate(timeout=UNTIL_SECONDS)
    assert process.returncode == 0 and b'"error"' not in answer, answer
    return used_seconds() - before


def is_killed_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill it when it has used so much processor time. False if it ended before.

    Load does not change how far it is by then.
    """
    stat = Path(f"/proc/{process.pid}/stat")
    ticks = seconds * os.sysconf("SC_CLK_TCK")
    while process.poll() is None:
        used = stat.read_text().rpartition(")")[2].split()[11:13]
        if sum(map(int, used)) >= ticks:
            process.kill()
            return True
        time.sleep(0.002)
    return False


def trees(bundle: Bundle) -> Mapping[str, bytes]:
    """The files of its ranker."""
    return {name: (bundle.folder / name).read_bytes() for name in RANKER_FILES}


def in_use(data: Path) -> Bundle:
    """What is in use: whole, and not without the report and card of a promotion."""
    registry = Registry.of(data)
    bundle = registry.chosen()  # checks all files
    assert bundle is not None
    if bundle.version != registry.default_version():
        assert bundle.metrics["learning"]["refused"] == ""
        assert "passed the gate" in (bundle.folder / CARD).read_text()
    for each in registry.all():
        registry.named(each.version)
    return bundle


def memory(data: Path) -> QueryMemory | None:
    """The newest query memory, if there is one; whole."""
    root = QUERY_MEMORIES.root(data)
    version = artifacts.current(root)
    return QUERY_MEMORIES.read(root, version) if version else None


def is_learnt(data: Path) -> bool:
    """Whether the round is done, and its result is written down."""
    return LearningState.read(data).round_pages == PAGES


def assert_as_clean(data: Path, clean: Path) -> None:
    """After another look all is as in a folder where nothing was killed, and nothing is left over."""
    look(data)
    assert is_learnt(data)
    assert trees(in_use(data)) == trees(in_use(clean))
    lived, known = memory(data), memory(clean)
    assert lived and known
    assert lived.texts == known.texts and lived.product_ids == known.product_ids
    np.testing.assert_allclose(lived.weights, known.weights, rtol=0.01)  # some minutes older
    bundles = Registry.of(data).root  # other commands write there, too: unfinished ones stay for a day
    left = [each for each in data.rglob(".*") if each.parent != bundles]
    assert not [each for each in left if each.name.startswith((".tmp-", ".state"))]


def test_a_round_that_is_killed_at_any_moment_leaves_no_half_and_is_made_up(tmp_path: Path) -> None:
    untouched, clean = tmp_path / "untouched", tmp_path / "clean"
    tables(untouched / "tables", shown(), {7: "kettle", 8: "tea pot", 9: "cup"})
    shutil.copytree(untouched, clean)
    seconds = look(clean)
    expected = in_use(clean)
    assert is_learnt(clean)
    assert expected.version != Registry.of(clean).default_version()
    chance = random.Random(11)
    died = 0
    for number in range(4 * KILLS):
        killed = tmp_path / f"killed {number}"
        shutil.copytree(untouched, killed)
        while died < KILLS and not is_learnt(killed):
            with started(killed) as process:
                died += is_killed_after(process, chance.uniform(0.3, 1.0) * seconds)
            if in_use(killed).version != Registry.of(killed).default_version():
                assert trees(in_use(killed)) == trees(expected)
            memory(killed)
        assert_as_clean(killed, clean)
        shutil.rmtree(killed)
        if died == KILLS:
            return
    pytest.fail(f"only {died} of {KILLS} kills came in time")
