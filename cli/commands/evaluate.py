"""`aisle evaluate`: measures how well the whole server ranks, over gRPC."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.client import Client
from cli.commands.evaluate_recommend import (
    Customer,
    KeepDays,
    Purchases,
    evaluate_recommendations,
)
from cli.options import DATA, Bundle, Data, Json
from cli.standalone_process import engine_at
from cli.terminal.console import out, print_json, progress, say, warn
from services.training.evaluation.asking import Asker, tiers_of
from services.training.evaluation.judgments import read_judged_queries
from services.training.evaluation.run import comparable, steps
from services.training.evaluation.run import evaluate as evaluate_engine
from services.training.evaluation.trec import read_run, write_files
from shared.errors import InvalidRequest


def evaluate(  # noqa: PLR0913 (a command's options are its parameters)
    queries: Annotated[
        Path | None, typer.Option(help="Tab-separated query_id, query.", exists=True, dir_okay=False)
    ] = None,
    judgments: Annotated[
        Path | None,
        typer.Option(help="Tab-separated query_id, product_id, grade (0 to 3).", exists=True, dir_okay=False),
    ] = None,
    data: Data = DATA,
    address: Annotated[
        str,
        typer.Option(
            help="A running server to measure; default: one is started on DATA.", metavar="HOST:PORT"
        ),
    ] = "",
    bundle: Bundle = "",
    judged_only: Annotated[bool, typer.Option(help="Rank each query's judged products alone.")] = False,
    deadline_ms: Annotated[
        int, typer.Option(min=1, max=60_000, help="Budget of a page while quality is measured.")
    ] = 2000,
    html: Annotated[
        Path | None, typer.Option(help="Also write the report as a page for a browser.", dir_okay=False)
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            help="A run of TREC (--trec) to compare with, of any server; default: the fused tier.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    trec: Annotated[
        Path | None,
        typer.Option(help="Also write judgments and rankings as TREC's files.", file_okay=False),
    ] = None,
    recommend: Annotated[
        bool, typer.Option("--recommend", help="Judge recommendations by what was bought, not searches.")
    ] = False,
    purchases: Purchases = None,
    keep_days: KeepDays = 30.0,
    customer: Customer = "",
    as_json: Json = False,
) -> None:
    """Measure ranking quality tier by tier, and the time of a page, over gRPC.

    Quality is measured with a generous deadline, so that no stage is cut short, and time with the
    engine's own. Means cover the queries for which a measure is defined: nDCG needs a product
    graded above 0, recall and MRR one graded 2 or more, and --judged-only two judged products.

    With --recommend, recommendations are judged instead, offline: what came before the last days
    is known, and what was bought and opened in them judges.
    """
    if recommend:
        evaluate_recommendations(data, purchases, keep_days, customer, as_json)
        return
    if queries is None or judgments is None:
        missing = "queries" if queries is None else "judgments"
        raise InvalidRequest(f"--{missing}", "is needed to judge searches; --recommend does without")
    judged = comparable(read_judged_queries(queries, judgments), judged_only)
    if not judged:
        raise InvalidRequest(
            str(judgments), ("no query has two judged products, so there is no list to order")
        )
    other = read_run(baseline) if baseline else None
    with engine_at(address, data, bundle) as target, Client(target) as engine:
        tiers = tiers_of(engine.search, judged[0].text)
        asker = Asker(engine.search, deadline_ms, judged_only, tiers)
        with progress("Queries by tier", steps(judged, asker), quiet=as_json) as advance:
            products = engine.status().product_count
            found = evaluate_engine(engine.search, judged, asker, products, lambda: advance(1))
    comparison = found.against(baseline.name if baseline else "fused", other)
    found.report["baseline"] = comparison.report()
    if trec:
        write_files(trec, judged, found.rankings)
    if html:
        from cli.reports.evaluation_page import evaluation_page

        html.write_text(evaluation_page(found, comparison), "utf-8")
    print_json(found.report) if as_json else _show(found.report)


def _show(report: dict[str, Any]) -> None:
    out.print(_tiers(report["tiers"]))
    say(f"{report['queries']} queries, {report['with_results']:.0%} with results; {_versions(report)}")
    if report.get("coverage") is not None:
        say(f"Their pages of 20 show {report['coverage']:.1%} of the catalogue")
    say(_compared(report["baseline"]))
    if "latency_ms" in report:
        latency = report["latency_ms"]
        times = ", ".join(f"{name} {latency[name]} ms" for name in ("p50", "p95", "p99"))
        say(f"A page of 20 with the server's own deadline: {times} ({report['timed_pages']} pages)")
    if report["tiers"]["fused"].get("judged@10") == 0:
        warn("none of the results is judged: are the judgments of this catalogue?")
    for pages, reasons in (
        ("degraded_pages", "degraded"),
        ("timed_degraded_pages", "timed_degraded"),
    ):
        if report.get(pages):
            warn(f"{report[pages]} pages left something out ({pages}): {report[reasons]}")


def _compared(baseline: dict[str, Any]) -> str:
    low, high = baseline["interval"]
    change = f"nDCG@10 {baseline['change']:+.4f} (95 %: {low:+.4f} to {high:+.4f})"
    counts = f"{baseline['wins']} queries better, {baseline['losses']} worse, {baseline['ties']} the same"
    return f"Against {baseline['name']}: {change}; {counts}"


def _versions(report: dict[str, Any]) -> str:
    return f"snapshot {report['snapshot_version']}, bundle {report['bundle_version'] or 'none'}"


def _tiers(tiers: dict[str, dict[str, float | None]]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("tier")
    for measure in tiers["fused"]:
        table.add_column(measure, justify="right")
    for tier, measured in tiers.items():
        table.add_row(tier, *("-" if value is None else f"{value:.4f}" for value in measured.values()))
    return table
