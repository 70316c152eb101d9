"""Comparisons, files of TREC, and measures that agree with ir-measures."""

import random
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, Judged, R, nDCG

from services.training.evaluation import trec
from services.training.evaluation.comparison import by_grade, compared
from services.training.evaluation.judgments import JudgedQuery
from services.training.evaluation.run import MEASURES
from shared import metrics
from shared.errors import InvalidRequest

EXPONENTIAL = {0: 0, 1: 1, 2: 3, 3: 7}
AGREEING = {
    "ndcg@10": nDCG(gains=EXPONENTIAL) @ 10,
    "recall@100": R(rel=2) @ 100,
    "mrr": RR(rel=2),
    "judged@10": Judged @ 10,
}


def judged(count: int = 60) -> tuple[list[JudgedQuery], list[list[str]]]:
    """Queries with random grades, and a random ranking of each."""
    chance = random.Random(3)
    products = [f"p{number}" for number in range(300)]
    queries = [
        JudgedQuery(f"q{n}", "a kettle", {each: chance.randint(0, 3) for each in chance.sample(products, 40)})
        for n in range(count)
    ]
    return queries, [chance.sample(products, chance.randint(1, 250)) for _ in queries]


def test_our_measures_are_those_of_ir_measures(tmp_path: Path) -> None:
    queries, rankings = judged()
    trec.write_files(tmp_path, queries, {"fused": rankings})
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "qrels.txt")))
    run = list(ir_measures.read_trec_run(str(tmp_path / "fused.run")))
    theirs = ir_measures.calc_aggregate(list(AGREEING.values()), qrels, run)
    for name, measure in AGREEING.items():
        ours = [
            MEASURES[name](ranking, query.grades) for query, ranking in zip(queries, rankings, strict=True)
        ]
        assert metrics.mean(ours) == pytest.approx(theirs[measure], abs=1e-9), name


def test_a_run_is_read_in_the_order_of_its_scores(tmp_path: Path) -> None:
    queries, rankings = judged(3)
    trec.write_files(tmp_path, queries, {"reranked": rankings})
    assert trec.read_run(tmp_path / "reranked.run") == dict(zip(("q0", "q1", "q2"), rankings, strict=True))
    (tmp_path / "other.run").write_text("q1 Q0 p1 1 0.5 x\n\nq1 Q0 p2 2 0.75 x\n")
    assert trec.read_run(tmp_path / "other.run") == {"q1": ["p2", "p1"]}


@pytest.mark.parametrize("line", ["q1 Q0 p1 1", "q1 Q0 p1 1 high x", "q1 Q0 p1 1 0.5 x y"])
def test_what_is_no_run_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "bad.run").write_text(f"q1 Q0 p1 1 0.5 x\n{line}\n")
    with pytest.raises(InvalidRequest, match="line 2"):
        trec.read_run(tmp_path / "bad.run")


def test_an_id_with_a_space_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="'red 1'"):
        trec.write_files(tmp_path, [JudgedQuery("q", "kettle", {"red 1": 3.0})], {})


def test_wins_and_losses_add_up_and_the_largest_loss_is_first() -> None:
    grades = {"p1": 3.0, "p2": 0.0}
    queries = [JudgedQuery(name, name, grades) for name in ("won", "lost", "same", "missing")]
    best, worst = ["p1", "p2"], ["p2", "p1"]
    theirs = {"won": worst, "lost": best, "same": best}
    found = compared("old", queries, [best, worst, best, worst], theirs)
    assert [each.query.text for each in found.queries] == ["lost", "same", "won", "missing"]
    report = found.report()
    assert (report["wins"], report["losses"], report["ties"]) == (2, 1, 1)
    assert report["change"] == pytest.approx(np.mean([each.change for each in found.queries]), abs=1e-4)
    low, high = report["interval"]
    assert low <= report["change"] <= high


def test_a_comparison_without_a_judged_query_says_nothing() -> None:
    found = compared("old", [JudgedQuery("q", "q", {"p1": 0.0})], [["p1"]], {})
    assert found.report()["queries"] == found.report()["wins"] == 0


def test_shares_are_by_grade() -> None:
    queries = [JudgedQuery("q", "q", {"p1": 3.0, "p2": 2.6, "p3": 0.0})]
    ranking = ["p1", *[f"x{n}" for n in range(20)], "p2"]
    best, _, _, worst = by_grade(queries, [ranking])
    assert best == {"grade": 3, "products": 2, "first_10": 0.5, "first_100": 1.0}
    assert worst == {"grade": 0, "products": 1, "first_10": 0.0, "first_100": 0.0}
    assert by_grade([], [])[1] == {"grade": 2, "products": 0, "first_10": None, "first_100": None}
