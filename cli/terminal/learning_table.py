"""Shows how rounds of learning ended."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

Report = Mapping[str, Any]


def report_lines(report: Report) -> Iterator[str]:
    """What one look did, in words."""
    yield f"query memory: {report['memory'] or 'as it was'}"
    yield f"product memory: {report['product_memory'] or 'as it was'}"
    if report["recommend"]:
        yield from recommend_lines(report["recommend"])
    if report["towers"]:
        yield towers_line(report["towers"])
    if not report["due"]:
        yield "no round of learning is due; --force learns anyway"
        return
    yield f"learnt because: {report['due']}"
    yield f"pages with an open: {report['pages']:,}, the latest {report['judged_on_pages']:,} of them judge"
    if "mrr" in report:
        before, after, interval = gain(report)
        yield f"MRR {before} -> {after}, a change of {interval} (95 %)"
        new_query = f"{report['new_query_gain']:+.4f}"
        yield f"pages as if their query were new: {new_query}; different products first: {_percent(report)}"
    yield outcome(report)


def recommend_lines(report: Report) -> Iterator[str]:
    """How a round of learning to recommend ended, in words."""
    for placement, found in report["placements"].items():
        if found["pages"]:
            change = f"{found['gain_low']:+.4f} to {found['gain_high']:+.4f}"
            before_and_after = f"{found['recall_in_use']:.4f} -> {found['recall']:.4f}"
            recall = f"recall@20 {before_and_after}, a change of {change} (95 %)"
            yield f"{placement}, judged on {found['pages']:,} pages: {recall}"
        yield f"{placement}: {'refused: ' + found['refused'] if found['refused'] else 'passed'}"
    if report["bundle_version"]:
        yield f"in use: {report['bundle_version']}; `aisle models rollback` returns to the one before"
    elif not report["placements"]:
        yield f"recommendations: {report['refused']}"


def towers_line(report: Report) -> str:
    """How a training of the towers ended, in words."""
    if report["refused"]:
        return f"towers: refused: {report['refused']}"
    return f"towers: in use: {report['bundle_version']}; all products are encoded again"


def outcome(report: Report) -> str:
    """Whether the new ranker is in use, or why not."""
    if report["refused"]:
        return f"refused: {report['refused']}"
    return f"in use: {report['bundle']}; `aisle models rollback` returns to the one before"


def rounds_table(reports: Sequence[Report]) -> Table:
    """A row a round, the newest last."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("when (UTC)", "pages", "judged", "MRR before", "after", "change, 95 %", "outcome"):
        table.add_column(title, no_wrap=True)
    for report in reports:
        table.add_row(*(Text(cell) for cell in _cells(report)))
    return table


def _cells(report: Report) -> list[str]:
    moment = time.strftime("%Y-%m-%d %H:%M", time.gmtime(report["seconds"]))
    judged = [f"{report['pages']:,}", f"{report['judged_on_pages']:,}"]
    became = "refused" if report["refused"] else "passed"
    if "mrr" not in report:
        return [moment, *judged, "", "", "", became]
    return [moment, *judged, *gain(report), became]


def gain(report: Report) -> tuple[str, str, str]:
    """MRR before and after, and the interval of the change, for a table."""
    interval = f"{report['gain_low']:+.4f} to {report['gain_high']:+.4f}"
    return f"{report['mrr_in_use']:.4f}", f"{report['mrr']:.4f}", interval


def _percent(report: Report) -> str:
    return f"{report['coverage']:.0%} of those before"
