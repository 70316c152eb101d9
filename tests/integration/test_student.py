import numpy as np
import pytest

pytest.importorskip("torch")

from services.reranker.training.encodings import Corpus, Encodings, ragged
from services.reranker.training.interaction import BlockShape
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.student import StudentSettings, scores, train_student

SHAPE = BlockShape(hidden=16, state=16, heads=2, width=12, feed_forward=16)


def _texts(count: int, seed: int) -> Encodings:
    """Texts of two to four tokens of ten meanings; text i means i % 10 first."""
    generator = np.random.default_rng(seed)
    meanings = np.random.default_rng(7).normal(size=(10, 16))
    states = [
        np.vstack([meanings[i % 10], generator.normal(size=(generator.integers(1, 4), 16))]).astype(
            np.float16
        )
        for i in range(count)
    ]
    return ragged(states, np.zeros((count, 16), np.float32))


def _lists() -> list[JudgedList]:
    """Query i wants the products that mean i % 10."""
    rows = np.arange(10)
    return [
        JudgedList(query, rows, np.where(rows == query % 10, 3, 0).astype(np.float32)) for query in range(40)
    ]


def test_a_student_learns_which_product_is_meant() -> None:
    corpus = Corpus(_texts(40, 1), _texts(10, 2))
    settings = StudentSettings(epochs=8, batch_lists=4, learning_rate=3e-3)
    student = train_student(_lists(), corpus, SHAPE, settings, lambda _: None)
    right = [
        int(np.argmax(found)) == judged.query % 10
        for judged in _lists()
        for found in scores(student, judged, corpus)
    ]
    assert np.mean(right) > 0.8  # chance: 0.1


def test_the_same_seed_gives_the_same_student() -> None:
    corpus = Corpus(_texts(40, 1), _texts(10, 2))
    runs = [
        train_student(_lists(), corpus, SHAPE, StudentSettings(epochs=1), lambda _: None) for _ in range(2)
    ]
    first, second = (scores(run, _lists()[0], corpus)[1] for run in runs)
    np.testing.assert_allclose(first, second, rtol=1e-4)
