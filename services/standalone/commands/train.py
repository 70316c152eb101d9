"""`aisle train`: jobs of the model workshop."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.standalone.bundles import bundles_of
from services.standalone.commands.bench import lines
from services.standalone.console import print_json, say
from services.standalone.evaluation.judgments import read_judged_queries
from services.standalone.options import DATA, Bundle, Data, Json
from services.standalone.work_bars import WorkBars
from shared.errors import InvalidRequest

if TYPE_CHECKING:
    from services.standalone.workshop.ranker import JudgedSet

app = typer.Typer(
    help="Train models; each job prints the name of the bundle it made, which serves once it is promoted.",
    no_args_is_help=True,
)

Queries = Annotated[
    list[Path] | None,
    typer.Option(help="Tab-separated query_id, query; one a judged set.", exists=True, dir_okay=False, metavar="FILE"),
]
Judgments = Annotated[
    list[Path] | None,
    typer.Option(help="query_id, product_id, grade; one a judged set.", exists=True, dir_okay=False, metavar="FILE"),
]
Catalogs = Annotated[
    list[Path] | None,
    typer.Option(
        "--catalog", help="Catalogue of a judged set; default: DATA's.", exists=True, dir_okay=False, metavar="FILE"
    ),
]
Promote = Annotated[bool, typer.Option("--promote", help="Use the new bundle at once.")]


@app.command("ranker")
def ranker(  # noqa: PLR0913 (a command's options are its parameters)
    queries: Queries = None,
    judgments: Judgments = None,
    catalogs: Catalogs = None,
    data: Data = DATA,
    bundle: Bundle = "",
    promote: Promote = False,
    as_json: Json = False,
) -> None:
    """Train the learned ranker on judged queries, as the engine answers them.

    --queries, --judgments and --catalog may be repeated, once for each judged set. The other models of the new bundle
    are those of --bundle. Needs no torch.
    """
    from services.standalone.workshop.ranker import ranker_queries, train_ranker_job

    sets = judged_sets(data, catalogs or [], queries or [], judgments or [])
    with WorkBars.shown(quiet=as_json) as bars:
        advance = bars.counting("Queries", sum(len(ranker_queries(each.queries)) for each in sets))
        report = train_ranker_job(data, sets, bundle, bars, advance)
    finish(report, data, promote, as_json)


def judged_sets(
    data: Path, catalogs: Sequence[Path], queries: Sequence[Path], judgments: Sequence[Path]
) -> "list[JudgedSet]":
    """A set for each pair of files, named by their folder; the catalogues, when there are any, are as many."""
    from services.standalone.workshop.ranker import JudgedSet

    if not queries or len(queries) != len(judgments):
        raise InvalidRequest("--queries, --judgments", "name one file of each for every judged set")
    if catalogs and len(catalogs) != len(queries):
        raise InvalidRequest(
            "--catalog", f"{len(catalogs)} named for {len(queries)} judged sets; name one each, or none"
        )
    chosen: Sequence[Path | None] = catalogs or [None] * len(queries)
    return [
        JudgedSet(asked.resolve().parent.name, catalog, read_judged_queries(asked, graded))
        for catalog, asked, graded in zip(chosen, queries, judgments, strict=True)
    ]


def finish(report: dict[str, Any], data: Path, promote: bool, as_json: bool) -> None:
    """Promote the new bundle if that was asked for, and tell how the job went."""
    name = str(report["bundle_version"])
    if promote:
        bundles_of(data).promote(name)
    if as_json:
        print_json({**report, "promoted": promote})
        return
    for line in lines(report):
        say(line)
    say("in use from now on" if promote else f"try it: aisle models promote {name} --data {data}")
