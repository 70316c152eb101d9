"""`aisle evaluate --recommend`: how good recommendations are, by a split in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.options import DATA
from cli.terminal.console import out, print_json, say, waiting
from cli.terminal.recommend_report import customer_tables, report_tables
from shared import clock
from shared.config import load
from shared.errors import NotFound

if TYPE_CHECKING:
    from services.training.recommending.interactions import Interactions

Purchases = Annotated[
    Path | None,
    typer.Option(
        help="With --recommend: tab-separated user, basket, time, product_id, quantity, price (.gz too); "
        "default: the tables of DATA.",
        exists=True,
        dir_okay=False,
    ),
]
KeepDays = Annotated[
    float, typer.Option(min=1.0, help="With --recommend: the last days, which judge and do not teach.")
]
Customer = Annotated[
    str,
    typer.Option(help="With --recommend: show what this visitor would have been recommended.", metavar="ID"),
]


def evaluate_recommendations(
    data: Path = DATA,
    purchases: Path | None = None,
    keep_days: float = 30.0,
    customer: str = "",
    as_json: bool = False,
) -> None:
    """Print the tables of an evaluation, or one customer's list."""
    from services.reranker.config import RerankerConfig
    from services.training.learning.config import TrainerConfig
    from services.training.recommending.evaluation.catalogue import Catalogue
    from services.training.recommending.evaluation.customer import story
    from services.training.recommending.evaluation.evaluation import Evaluation
    from services.training.recommending.job import recommend_settings

    settings, diversity = recommend_settings(load(TrainerConfig)), load(RerankerConfig).diversity
    with waiting("Reading", quiet=as_json):
        catalogue = Catalogue.of(data)
        evaluation = Evaluation(_lines(data, purchases), catalogue, keep_days, settings, diversity)
    if customer:
        with waiting(f"Learning without the last {keep_days:g} days", quiet=as_json):
            found = story(evaluation, customer)
        if as_json:
            print_json(found.report(catalogue.titles))
            return
        _show(customer_tables(customer, evaluation.split_seconds, found, catalogue.titles))
        return
    with waiting(f"Learning without the last {keep_days:g} days, and judging", quiet=as_json):
        report = evaluation.report()
    if as_json:
        print_json(report)
        return
    _show(report_tables(report))
    if not report["questions"]:
        say(f"no known visitor bought or opened anything in the last {keep_days:g} days")


def _show(tables: Iterator[tuple[str, Table]]) -> None:
    for number, (heading, table) in enumerate(tables):
        if number:
            say("")
        say(heading)
        out.print(table)


def _lines(data: Path, purchases: Path | None) -> Interactions:
    from services.feedback.join.tables import Tables
    from services.training.learning.config import TrainerConfig
    from services.training.recommending.job import KnownInteractions
    from services.training.recommending.purchase_file import interactions_of, read_baskets

    if purchases:
        return interactions_of(read_baskets(purchases))
    lines = KnownInteractions.of(Tables(data / "tables"), load(TrainerConfig), clock.now()).lines
    if not len(lines):
        remedy = "`aisle tables --export` writes those of events, or name a file with --purchases"
        raise NotFound(f"{data}: its tables have no interactions that count; {remedy}")
    return lines
