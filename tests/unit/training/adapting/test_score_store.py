from pathlib import Path

import numpy as np

from services.training.adapting.score_store import ScoreStore
from services.training.adapting.teacher import Teacher


class _Model:
    """Scores a text by its length, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, query: str, texts: list[str]) -> np.ndarray:
        self.asked += texts
        return np.array([len(text) for text in texts], np.float32)


def _teacher(path: Path, model: _Model, name: str = "one") -> Teacher:
    return Teacher(name, model, ScoreStore(path))  # type: ignore[arg-type]


def test_a_run_after_a_kill_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "workshop" / "scores.sqlite"
    first = _teacher(path, _Model())
    assert first.score("kettle", ["a", "bbb"]).tolist() == [1, 3]  # and it is not closed
    model = _Model()
    again = _teacher(path, model)
    assert again.score("kettle", ["bbb", "cc", "a", "cc"]).tolist() == [3, 2, 1, 2]
    assert model.asked == ["cc"]


def test_scores_belong_to_a_teacher_and_a_query(tmp_path: Path) -> None:
    _teacher(tmp_path / "s", _Model()).score("kettle", ["a"])
    other_query, other_teacher = _Model(), _Model()
    _teacher(tmp_path / "s", other_query).score("kettles", ["a"])
    _teacher(tmp_path / "s", other_teacher, "two").score("kettle", ["a"])
    assert other_query.asked == other_teacher.asked == ["a"]


def test_texts_are_scored_by_length_in_batches(tmp_path: Path) -> None:
    model = _Model()
    texts = ["x" * (n % 20 + 1) + str(n) for n in range(30)]
    assert _teacher(tmp_path / "s", model).score("q", texts).tolist() == [len(text) for text in texts]
    assert [len(text) for text in model.asked] == sorted(len(text) for text in texts)
