import io
from typing import Any

from rich.console import Console

from cli.terminal.learning_table import recommend_lines, report_lines, rounds_table
from services.training.learning.state import LearningState, in_words, last_round

JUDGED = {
    "seconds": 1_772_446_500.0, "due": "300 more pages with an open", "pages": 1_200, "judged_on_pages": 240,
    "bundle": "20260302T101500.000000Z", "refused": "", "mrr": 0.61, "mrr_in_use": 0.58, "gain_low": 0.01,
    "gain_high": 0.05, "new_query_gain": 0.002, "coverage": 1.04, "memory": "",
    "product_memory": "p1", "recommend": {}, "towers": {},
}  # fmt: skip
TOO_FEW: dict[str, Any] = {
    "seconds": 1_772_446_500.0, "due": "asked for", "pages": 3, "judged_on_pages": 0, "bundle": "",
    "refused": "too little evidence", "memory": "m1", "product_memory": "", "recommend": {}, "towers": {},
}  # fmt: skip


def test_a_round_that_passed_says_what_it_was_judged_by_and_the_way_back() -> None:
    said = list(report_lines(JUDGED))
    assert "learnt because: 300 more pages with an open" in said
    assert "MRR 0.5800 -> 0.6100, a change of +0.0100 to +0.0500 (95 %)" in said
    assert said[-1] == "in use: 20260302T101500.000000Z; `aisle models rollback` returns to the one before"


def test_a_round_that_was_refused_says_why() -> None:
    assert list(report_lines(TOO_FEW))[-1] == "refused: too little evidence"


def test_a_look_without_a_round_says_so() -> None:
    nothing: dict[str, Any] = {"memory": "", "product_memory": "", "recommend": {}, "towers": {}, "due": ""}
    assert list(report_lines(nothing)) == [
        "query memory: as it was",
        "product memory: as it was",
        "no round of learning is due; --force learns anyway",
    ]


def test_a_round_of_learning_to_recommend_is_told_by_placement() -> None:
    passed = {
        "pages": 984, "recall": 0.3147, "recall_in_use": 0.2979, "gain_low": 0.0115, "gain_high": 0.0219,
        "coverage": 0.42, "coverage_in_use": 0.43, "refused": "",
    }  # fmt: skip
    refused = {**passed, "pages": 0, "refused": "too little evidence"}
    placements = {"for_you": passed, "also_bought": refused}
    report = {"bundle_version": "b1", "refused": "", "placements": placements}
    assert list(recommend_lines(report)) == [
        "for_you, judged on 984 pages: recall@20 0.2979 -> 0.3147, a change of +0.0115 to +0.0219 (95 %)",
        "for_you: passed",
        "also_bought: refused: too little evidence",
        "in use: b1; `aisle models rollback` returns to the one before",
    ]
    nothing = {"bundle_version": "", "refused": "there are no orders", "placements": {}}
    assert list(recommend_lines(nothing)) == ["recommendations: there are no orders"]


def test_a_training_of_the_towers_says_how_it_ended() -> None:
    passed = {**TOO_FEW, "towers": {"bundle_version": "b2", "refused": ""}}
    assert "towers: in use: b2; all products are encoded again" in report_lines(passed)
    refused = {**TOO_FEW, "towers": {"bundle_version": "b2", "refused": "recall@100 falls"}}
    assert "towers: refused: recall@100 falls" in report_lines(refused)


def test_rounds_are_rows() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(rounds_table([TOO_FEW, JUDGED]))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert (
        "2026-03-02 10:15" in shown
        and "+0.0100 to +0.0500" in shown
        and "refused" in shown
        and "passed" in shown
    )


def test_the_status_has_the_newest_round_in_words() -> None:
    assert last_round(LearningState()) == ""
    words = in_words(JUDGED)
    assert words == "2026-03-02 10:15:00 UTC, from 1,200 pages with an open: promoted 20260302T101500.000000Z"
    state = LearningState().with_report(JUDGED).with_report(TOO_FEW)
    assert last_round(state).endswith(": refused, too little evidence")
