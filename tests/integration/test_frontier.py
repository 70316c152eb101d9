"""Points are measured on servers of their own, and what does not run here says so."""

import json
from pathlib import Path

import pytest

from cli.frontier.figures import Figures
from cli.frontier.measuring import Shop, measure, steps
from cli.frontier.points import Point
from services.training.evaluation.judgments import read_judged_queries
from tests.sample_shop import indexed_sample

POINTS = [
    Point("words", "lexical"),
    Point("reranked"),
    Point("no such engine", settings={"AISLE_EMBEDDING_ENGINE": "abacus"}),
]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Figures], int]:
    folder = tmp_path_factory.mktemp("frontier")
    sample, data = indexed_sample(folder, None)
    judged = read_judged_queries(sample / "queries_dev.tsv", sample / "judgments_dev.tsv")[:6]
    shop = Shop("sample", data, judged)
    done: list[int] = []
    found = measure(POINTS, [shop.copied(folder / "copies")], lambda: done.append(1))
    assert len(done) == steps(POINTS, [shop])
    return found, len(judged)


def test_what_runs_has_quality_time_and_size(measured: tuple[list[Figures], int]) -> None:
    words, reranked, _ = measured[0]
    assert 0 < words.ndcg <= 1
    assert 0 < words.cost < reranked.cost
    assert reranked.product_bytes > 384
    assert 0 < reranked.load_seconds < 300
    assert json.dumps(reranked.report())


def test_what_does_not_run_here_says_so(measured: tuple[list[Figures], int]) -> None:
    failed = measured[0][2]
    assert failed.failed
    assert "failed" in failed.report()


def test_a_copy_has_no_log_of_the_shop(tmp_path: Path) -> None:
    for name in ("log.sqlite", "features.sqlite-wal", "secret"):
        (tmp_path / "shop").mkdir(exist_ok=True)
        (tmp_path / "shop" / name).touch()
    copied = Shop("shop", tmp_path / "shop", []).copied(tmp_path / "copies")
    assert [path.name for path in copied.data.iterdir()] == ["secret"]
