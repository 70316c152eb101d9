"""An evaluation as a page of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from jinja2 import Environment, PackageLoader

from services.training.evaluation.comparison import ComparedQuery, Comparison
from services.training.evaluation.run import Evaluation

_SHOWN_QUERIES = 20  # with both pages side by side
_SHOWN_PRODUCTS = 10  # of a page
_LARGEST = 15  # wins and losses in the list
_BARS = 400  # queries in the chart; of more, evenly spread ones


def evaluation_page(evaluation: Evaluation, comparison: Comparison) -> str:
    """The text of the page."""
    loader = PackageLoader("cli.reports", "")
    template = Environment(loader=loader, autoescape=True).get_template("evaluation.html")
    losses_first = comparison.queries
    return template.render(
        report=evaluation.report,
        measures=list(next(iter(evaluation.report["tiers"].values()))),
        best=evaluation.best,
        baseline=comparison.report(),
        bars=_bars(comparison),
        losses=[each for each in losses_first[:_LARGEST] if each.change < 0],
        wins=[each for each in reversed(losses_first[-_LARGEST:]) if each.change > 0],
        worst=[_side_by_side(each, evaluation.titles) for each in _worst(comparison)],
    )


def _worst(comparison: Comparison) -> Sequence[ComparedQuery]:
    """The largest losses, then the queries that are answered worst."""
    lost = [each for each in comparison.queries if each.change < 0][: _SHOWN_QUERIES // 2]
    others = sorted((each for each in comparison.queries if each not in lost), key=lambda one: one.ours_ndcg)
    return [*lost, *others[: _SHOWN_QUERIES - len(lost)]]


def _bars(comparison: Comparison) -> Sequence[float]:
    """The change of each query in percent of 1, the largest loss first."""
    changes = [100 * each.change for each in comparison.queries]
    step = max(1, -(-len(changes) // _BARS))
    return changes[::step]


def _side_by_side(compared: ComparedQuery, titles: Mapping[str, str]) -> dict[str, Any]:
    grades = compared.query.grades
    ours, theirs = (list(_cells(ids, grades, titles)) for ids in (compared.ours, compared.theirs))
    missed = [each for each, grade in grades.items() if grade >= 2 and each not in compared.ours[:100]]
    return {
        "compared": compared,
        "rows": list(zip_longest(ours, theirs)),
        "missed": [titles.get(each, each) for each in missed[:5]],
        "missed_count": len(missed),
    }


def _cells(
    product_ids: Sequence[str], grades: Mapping[str, float], titles: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for product_id in product_ids[:_SHOWN_PRODUCTS]:
        grade = grades.get(product_id)
        yield {
            "id": product_id,
            "title": titles.get(product_id) or product_id,
            "grade": "" if grade is None else f"{grade:g}",
            "level": "none" if grade is None else str(round(grade)),
        }
