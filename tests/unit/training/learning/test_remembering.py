from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.training.learning.remembering import QueryEncoder, build_memory
from shared.query_memory.memory import QueryMemory
from tests.unit.training.learning.shop import FIRST_DAY, row, tables

NOW = (datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=14, hours=9)).timestamp()


class Encoder:
    """Encodes all texts as the same vector, and remembers the texts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.tile(np.array([1.0, 0.0], np.float32), (len(texts), 1)).reshape(-1, 2)


def built(
    root: Path, rows: list[dict[str, Any]], before: QueryMemory | None = None
) -> tuple[QueryMemory, list[str]]:
    encoder = Encoder()
    known = tables(root, rows, {7: "kettle"})
    return build_memory(known, NOW, QueryEncoder("toy-1", encoder), before), encoder.asked


def opens(memory: QueryMemory) -> dict[str, list[float]]:
    return {memory.product_ids[place]: list(memory.weights[at]) for at, place in enumerate(memory.products)}


def test_distinct_visitors_are_counted_and_halved_with_time(tmp_path: Path) -> None:
    rows = [row(f"q{number}", 1, "a", clicks=5) for number in range(4)]
    memory, _ = built(tmp_path, rows)
    assert memory.texts == ["kettle"]
    assert opens(memory)["a"] == pytest.approx([4 * 0.5 ** (14 / 3), 4 * 0.5])


def test_a_visitor_counts_once_a_day_and_alone_for_nothing(tmp_path: Path) -> None:
    rows = [row(f"q{number}", 1, "a", clicks=1, visitor_id="v") for number in range(9)]
    assert len(built(tmp_path, rows)[0]) == 0
    both = [*rows, row("q9", 1, "a", clicks=1, visitor_id="w")]
    assert opens(built(tmp_path, both)[0])["a"][1] == pytest.approx(2 * 0.5)


def test_pages_of_nobody_browsing_and_what_was_left_out_count_for_nothing(tmp_path: Path) -> None:
    rows = [
        *(row(f"n{number}", 1, "a", clicks=1, visitor_id="") for number in range(3)),
        *(row(f"b{number}", 1, "b", clicks=1, query_hash=0) for number in range(3)),
        *(row(f"l{number}", 1, "c", clicks=1, left_out="too_active") for number in range(3)),
    ]
    assert len(built(tmp_path, rows)[0]) == 0


def test_a_query_without_text_has_its_counts_and_no_vector(tmp_path: Path) -> None:
    rows = [row(f"q{number}", 1, "a", clicks=1, query_hash=8) for number in range(2)]
    memory, asked = built(tmp_path, rows)
    assert memory.texts == [""]
    assert not memory.vectors.any()
    assert asked == []


def test_a_text_is_encoded_once(tmp_path: Path) -> None:
    rows = [row(f"q{number}", 1, "a", clicks=1) for number in range(2)]
    first, asked = built(tmp_path, rows)
    assert asked == ["kettle"]
    again, asked = built(tmp_path, rows, first)
    assert asked == []
    assert again.vectors.tolist() == first.vectors.tolist()
