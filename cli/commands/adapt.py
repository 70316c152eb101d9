"""`aisle train adapt`: models for a catalogue, without labels."""

from typing import Annotated

import typer

from cli.commands.train import Promote, finish
from cli.options import DATA, Bundle, Data, Json
from cli.ranks import trains_in_ranks
from cli.terminal.console import warn
from cli.terminal.work_bars import WorkBars
from shared.models.packaged import TEACHER


@trains_in_ranks
def adapt(  # noqa: PLR0913 (a command's options are its parameters)
    data: Data = DATA,
    bundle: Bundle = "",
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A cross-encoder, may be repeated: a folder, or what was fetched; default: {TEACHER}.",
            metavar="NAME",
        ),
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=0.1, help="Grading and training end in about that time.")
    ] = 30,
    queries: Annotated[int, typer.Option(min=400, max=50_000, help="The most queries to make.")] = 6_000,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins.")] = 0,
    promote: Promote = False,
    as_json: Json = False,
) -> None:
    """Adapt the interaction block and its weight to DATA's catalogue, without any labels.

    Queries are made from the products; a teacher grades what the engine finds for them, and the block
    learns from its scores. The other models of the new bundle are those of --bundle, so products need
    not be encoded again. A run that was stopped goes on where it was. Where there are judgments, measure
    the bundle with `aisle evaluate` before it is promoted. Needs the extra `train` (torch), and a teacher
    from `aisle models fetch`.
    """
    # The engines are missing where only the client of a server is installed
    from services.training.adapting.job import AdaptOptions, adapt_job
    from services.training.ranker import base_bundle

    base = base_bundle(data, bundle)
    options = AdaptOptions(teacher or (TEACHER,), minutes, queries, seed=seed)
    with WorkBars.shown(quiet=as_json) as bars:
        report = adapt_job(data, base, options, bars.counting("Grading", queries), warn)
    finish(report, data, promote, as_json)
