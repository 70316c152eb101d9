from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from services.feedback.join.columns import INTERACTIONS as SCHEMA
from services.feedback.join.paths import INTERACTIONS, file_of_day
from services.feedback.join.tables import Tables
from services.training.learning.config import TrainerConfig
from services.training.learning.job import Learner
from services.training.learning.state import LearningState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 3, tzinfo=UTC).timestamp()


def bought(root: Path, count: int) -> None:
    """A day on which this many visitors bought the same product."""
    row = {"action": "purchase", "product_id": "p1", "quantity": 1, "price": 2.0, "event_time": NOON}
    texts = dict.fromkeys(("user_id", "session_id", "query_id", "left_out"), "")
    rows = [{**row, **texts, "event_id": f"e{n}", "visitor_id": f"v{n}"} for n in range(count)]
    path = file_of_day(root, NOON.date().isoformat(), INTERACTIONS)
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows, SCHEMA), path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Gets an entry each time the interactions are read."""
    found: list[Any] = []
    read = Tables.interactions

    def counted(self: Tables, *asked: Any) -> pa.Table:
        found.append(asked)
        return read(self, *asked)

    monkeypatch.setattr(Tables, "interactions", counted)
    return found


def test_memory_and_round_of_one_look_read_the_interactions_once(tmp_path: Path, reads: list[Any]) -> None:
    bought(tmp_path / "tables", 3)
    look = Learner(tmp_path, TrainerConfig()).look(LATER)
    assert look.product_memory_version
    assert look.recommend is not None and "too little evidence" in look.recommend.refused
    assert len(reads) == 1
    state = LearningState.read(tmp_path)
    assert state.recommend_tables == state.product_memory_tables != ""


def test_a_look_without_anything_due_reads_nothing(tmp_path: Path, reads: list[Any]) -> None:
    bought(tmp_path / "tables", 3)
    learner = Learner(tmp_path, TrainerConfig())
    learner.look(LATER)
    reads.clear()
    assert learner.look(LATER + 1_000).product_memory_version == ""
    assert reads == []
    bought(tmp_path / "tables", 4)
    assert learner.look(LATER + 2_000).product_memory_version
    assert len(reads) == 1
