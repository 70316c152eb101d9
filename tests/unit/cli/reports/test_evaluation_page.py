"""The page of an evaluation."""

from html.parser import HTMLParser
from typing import Any

from cli.reports.evaluation_page import evaluation_page
from services.training.evaluation.asking import Asker
from services.training.evaluation.judgments import JudgedQuery
from services.training.evaluation.run import evaluate
from tests.unit.training.test_evaluation import CatalogInOrder

HOSTILE = "<script>alert('kettle')</script>"


class Tags(HTMLParser):
    """Checks that what is opened is closed, and keeps the texts."""

    VOID = frozenset(("meta", "line", "rect", "col"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(*queries: JudgedQuery, judged_only: bool = False) -> Tags:
    engine = CatalogInOrder(30)
    found = evaluate(engine, queries, Asker(engine, judged_only=judged_only), 30)
    comparison = found.against("other engine", {query.query_id: ["p9", "p2"] for query in queries})
    tags = Tags()
    tags.feed(evaluation_page(found, comparison))
    assert not tags.open
    return tags


def test_the_page_has_all_parts_and_texts_are_no_markup() -> None:
    tags = page(
        JudgedQuery("1", HOSTILE, {"p1": 3.0, "p2": 1.0, "p300": 2.0}), JudgedQuery("2", "pan", {"p9": 2.5})
    )
    text = " ".join(tags.texts)
    assert HOSTILE in text and "script" not in tags.seen
    for part in (
        "Quality by tier",
        "By relevance",
        "reranked against other engine",
        "1 queries better, 1 worse",
    ):
        assert part in text
    assert "1 relevant product is not among the first 100: p300" in text
    assert {"svg", "table"} <= tags.seen


def test_a_report_on_judged_products_alone_has_no_times() -> None:
    text = " ".join(page(JudgedQuery("1", "pan", {"p1": 3.0, "p2": 0.0}), judged_only=True).texts)
    assert "ndcg@10" in text and "own deadline" not in text and "By relevance" not in text
