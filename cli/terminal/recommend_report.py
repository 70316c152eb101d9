"""Shows how good recommendations are, and what a customer would have been recommended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from cli.terminal.console import one_line
from services.gateway.search.explanation import plain

if TYPE_CHECKING:
    from services.training.recommending.evaluation.customer import CustomerStory

_COLUMNS = ("recall@20", "nDCG@20", "coverage", "novelty", "head", "new", "brands", "top brand")
_LAST_BOUGHT = 10  # products of a history that are shown
_DAY_SECONDS = 86_400


def report_tables(report: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """Each question: how good each way is, with 95 % intervals, and what it shows of the shop."""
    for title, question in report["questions"].items():
        table = _table("")
        for name in _COLUMNS:
            table.add_column(name, justify="right", no_wrap=True)
        for way, found in question["ways"].items():
            table.add_row(way, *_cells(found, report["brands"]))
        yield f"{title}, {question['pages']:,} pages", table


def customer_tables(
    customer: str, split_seconds: float, story: CustomerStory, titles: Mapping[str, str]
) -> Iterator[tuple[str, Table]]:
    """What the customer had bought, what it would have been recommended, and what it then bought."""
    day = _day(split_seconds)
    history = story.history
    known = _table("days")
    known.add_column("last", no_wrap=True)
    known.add_column("product")
    columns = (history.product_ids, history.days.tolist(), history.last_day.tolist())
    for product_id, days, last in list(zip(*columns, strict=True))[:_LAST_BOUGHT]:
        known.add_row(f"{days:.0f}", _day(last * _DAY_SECONDS), _named(product_id, titles))
    remembered = f"{len(history)} bought products are remembered"
    yield f"{customer} before {day}: {remembered}, of which the last", known
    hits = sum(each.was_bought for each in story.recommended)
    table = _table("")
    for name in ("product", "bought before", "why"):
        table.add_column(name)
    for each in story.recommended:
        before = _times(each.bought_days)
        why = ", ".join(dict.fromkeys(plain(name) for name in each.reasons))
        mark = Text("bought", style="green") if each.was_bought else ""
        table.add_row(mark, _named(each.product_id, titles), before, Text(why, style="dim"))
    heading = f"recommended on {day}; {hits} of {len(story.recommended)} were bought later"
    yield f"{heading}, of {len(story.later)} products that were", table


def _cells(found: Mapping[str, Any], brand_count: int) -> Iterator[str]:
    for name in ("recall@20", "ndcg@20"):
        yield _interval(found[name], 4) if name in found else ""
    yield f"{found['coverage@20']:.1%}" if "coverage@20" in found else ""
    yield _interval(found["novelty"], 1)
    for name in ("head", "new"):
        yield f"{found[name]['mean']:.0%}"
    yield f"{found['brands']:,}/{brand_count:,}" if brand_count else "-"
    yield f"{found['top_brand']:.0%}" if brand_count else "-"


def _interval(found: Mapping[str, float], digits: int) -> str:
    return f"{found['mean']:.{digits}f} ({found['low']:.{digits}f}-{found['high']:.{digits}f})"


def _times(bought_days: int) -> str:
    if bought_days > 1:
        return f"on {bought_days} days"
    return "once" if bought_days else ""


def _table(first: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    return table


def _named(product_id: str, titles: Mapping[str, str]) -> str:
    title = titles.get(product_id, "")
    return one_line(f"{title} ({product_id})" if title else product_id)


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
