"""`aisle bench`: pages, load and indexing, as ratios against named peers in the same run."""

import asyncio
import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.load import LoadBench
from bench.subject import Subject, subject
from cli.client import Client
from cli.options import Bundle, Json
from cli.standalone_process import running_engine
from cli.terminal.console import err, print_json, progress, say, warn
from cli.terminal.work_bars import WorkBars

app = typer.Typer(
    help="Measure speed, as ratios against named peers in the same run.", invoke_without_command=True
)

Catalog = Annotated[
    Path | None,
    typer.Option(
        help="Catalogue to measure on; default: the sample shop.",
        exists=True,
        dir_okay=False,
        metavar="FILE",
    ),
]
Queries = Annotated[
    Path | None,
    typer.Option(
        help="Tab-separated query_id, query; default: the sample shop's.",
        exists=True,
        dir_okay=False,
        metavar="FILE",
    ),
]
Judgments = Annotated[
    Path | None,
    typer.Option(
        help="Tab-separated query_id, product_id, grade.",
        exists=True,
        dir_okay=False,
        metavar="FILE",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the snapshot, which is made if it is missing; default: under data/bench.",
        metavar="DIR",
    ),
]


@app.callback()
def bench(context: typer.Context, as_json: Json = False) -> None:
    """Run all benchmarks on the sample shop, unless one is named."""
    if context.invoked_subcommand is None:
        _check_peer()
        chosen = subject(None, None, None, None)
        report = {
            "page": _page(chosen, "", True, None, 1),
            "load": _load(chosen, "", 4.0),
            "index": _index(chosen),
        }
        _tell(report, as_json)


@app.command("page")
def page(  # noqa: PLR0913 (a command's options are its parameters)
    catalog: Catalog = None,
    queries: Queries = None,
    judgments: Judgments = None,
    data: Data = None,
    bundle: Bundle = "",
    peer: Annotated[bool, typer.Option(help="Measure the peer too; it needs the extra `train`.")] = True,
    cross_encoder: Annotated[
        Path | None,
        typer.Option(
            help="The peer's cross-encoder; default: six layers with an untrained head, for time only.",
            metavar="DIR",
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each query is sent.")] = 2,
    as_json: Json = False,
) -> None:
    """One client's page over gRPC, beside SentenceTransformer + FAISS + CrossEncoder (six layers,
    fp32, 50 pairs).
    """
    if peer:
        _check_peer()
    _tell(
        _page(subject(catalog, queries, judgments, data), bundle, peer, cross_encoder, rounds),
        as_json,
    )


@app.command("load")
def load(  # noqa: PLR0913 (a command's options are its parameters)
    catalog: Catalog = None,
    queries: Queries = None,
    data: Data = None,
    bundle: Bundle = "",
    seconds: Annotated[
        float,
        typer.Option(
            min=0.5,
            max=600,
            help="Length of each of the ten measurements; up to five times for few pages.",
        ),
    ] = 6.0,
    as_json: Json = False,
) -> None:
    """Measure pages a second with p99 within 100 ms, the capacity, and the behaviour at five times
    the capacity.
    """
    _tell(_load(subject(catalog, queries, None, data), bundle, seconds), as_json)


@app.command("index")
def index(catalog: Catalog = None, as_json: Json = False) -> None:
    """Measure products a second from file to snapshot, and the peak of memory.

    The encoder alone runs in the same run for comparison.
    """
    chosen = subject(catalog, catalog, None, None)  # queries are not needed
    _tell(_index(chosen), as_json)


def _page(
    chosen: Subject, bundle: str, with_peer: bool, cross_encoder: Path | None, rounds: int
) -> dict[str, Any]:
    from bench.page import PEER, PageBench

    queries = chosen.judged_queries()
    _prepare(chosen, bundle)
    peer = _peer(chosen, cross_encoder) if with_peer else None
    with running_engine(chosen.data, bundle) as address, Client(address) as engine:
        measured = PageBench(engine.search, queries, rounds)
        with progress("Pages", measured.steps()) as advance:
            report = measured.measure(peer, lambda: advance(1))
        engines = engine.status().engines
        report["engines"] = {**engines, "encoder": engines.get("encoder_queries", "")}
    if peer and cross_encoder is None:
        report["peers"][PEER]["ndcg@10"] = None
        report["peers"][PEER]["note"] = (
            "cross-encoder with an untrained head: its time counts, its order does not"
        )
    return report


def _check_peer() -> None:
    """Raise NotFound if a package of the peer is missing, before a catalogue is written or indexed."""
    importlib.import_module("bench.peer")


def _peer(chosen: Subject, cross_encoder: Path | None) -> Any:
    from bench.page import index_peer
    from bench.peer import SentenceTransformersPeer
    from services.embedding.weights import find

    peer = SentenceTransformersPeer(find().folder, cross_encoder)
    with progress("Peer's index", None) as advance:
        for count in index_peer(peer, chosen.catalog, chosen.data / "peer"):
            advance(count)
    return peer


def _load(chosen: Subject, bundle: str, seconds: float) -> dict[str, Any]:
    _prepare(chosen, bundle)
    with running_engine(chosen.data, bundle) as address:
        return asyncio.run(_load_at(address, chosen.texts(), seconds))


async def _load_at(address: str, texts: list[str], seconds: float) -> dict[str, Any]:
    from aisle.v1.search_pb2_grpc import SearchServiceStub
    from shared.rpc.channels import connect

    async with connect(address) as channel:
        return await LoadBench(SearchServiceStub(channel).Search, texts, seconds, _say).measure()


def _index(chosen: Subject) -> dict[str, Any]:
    from bench.indexing import measure_index

    return measure_index(chosen.catalog, _say)


def _prepare(chosen: Subject, bundle: str) -> None:
    """Index the catalogue if the data folder has no snapshot."""
    if chosen.indexed():
        return
    from cli.files.indexed import index_file

    with WorkBars.shown() as bars:
        index_file(chosen.catalog, chosen.data, bundle, bars)


def _say(message: str) -> None:
    if err.is_terminal:
        warn(f"  {message}")


def _tell(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    for line in report_lines(report):
        say(line)


def report_lines(report: dict[str, Any], indent: str = "") -> list[str]:
    """A report for a person: a line a value, nested reports indented."""
    lines: list[str] = []
    for key, value in report.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}", *report_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key:<{32 - len(indent)}} {value}")
    return lines
