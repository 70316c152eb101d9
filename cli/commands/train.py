"""`aisle train`: jobs of the model workshop."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.bench import report_lines
from cli.commands.learn import exported
from cli.options import DATA, Bundle, Data, Json
from cli.ranks import trains_in_ranks
from cli.terminal.console import print_json, say, waiting, warn
from cli.terminal.learning_table import recommend_lines
from cli.terminal.work_bars import WorkBars
from services.training.judged_set import judged_sets
from services.training.promotion import promote as promote_bundle
from shared import clock
from shared.config import load
from shared.errors import InvalidRequest
from shared.models.registry import Registry

app = typer.Typer(
    help="Train models, and measure them; a training prints the name of the bundle it made, which serves "
    "once it is promoted.",
    no_args_is_help=True,
)

Queries = Annotated[
    list[Path] | None,
    typer.Option(
        help="Tab-separated query_id, query; one a judged set.",
        exists=True,
        dir_okay=False,
        metavar="FILE",
    ),
]
Judgments = Annotated[
    list[Path] | None,
    typer.Option(
        help="query_id, product_id, grade; one a judged set.",
        exists=True,
        dir_okay=False,
        metavar="FILE",
    ),
]
Catalogs = Annotated[
    list[Path] | None,
    typer.Option(
        "--catalog",
        help="Catalogue of a judged set; default: DATA's.",
        exists=True,
        dir_okay=False,
        metavar="FILE",
    ),
]
Promote = Annotated[bool, typer.Option("--promote", help="Use the new bundle at once.")]


@app.command("reranker")
@trains_in_ranks
def reranker(  # noqa: PLR0913 (a command's options are its parameters)
    queries: Queries = None,
    judgments: Judgments = None,
    catalogs: Catalogs = None,
    data: Data = DATA,
    encoder_layers: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=6,
            help="Layers of the encoder that learn too; default: all "
            "with 2,000 judged queries, otherwise none.",
        ),
    ] = None,
    teacher_minutes: Annotated[
        float,
        typer.Option(min=0, help="Train a six-layer cross-encoder first, and learn from it; 0: no teacher."),
    ] = 0.0,
    teacher_dir: Annotated[
        Path | None,
        typer.Option(
            help="Keep the teacher there, as sentence-transformers reads it; one that is there is used.",
            metavar="DIR",
        ),
    ] = None,
    cross_encoder_layers: Annotated[
        int,
        typer.Option(
            help="A small cross-encoder of 2 or 3 layers beside the block, for comparison; 0: none."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins.")] = 0,
    promote: Promote = False,
    as_json: Json = False,
) -> None:
    """Train heads, interaction block and encoder.

    From judged queries, or without any from DATA's catalogue alone.

    --queries, --judgments and --catalog may be repeated, once for each judged set. Needs the extra
    `train` (torch). The new bundle's ranker is the untrained prior: train one for it with `aisle
    train ranker --bundle NAME`.
    """
    sets = judged_sets(catalogs or [], queries or [], judgments or [])
    if cross_encoder_layers not in (0, 2, 3):
        raise InvalidRequest(
            "--cross-encoder-layers", f"is {cross_encoder_layers}; use 2 or 3, or 0 for none"
        )
    from services.training.reranker import RerankerOptions, train_reranker_job

    options = RerankerOptions(encoder_layers, teacher_minutes, teacher_dir, cross_encoder_layers, seed)
    with WorkBars.shown(quiet=as_json) as bars:
        report = train_reranker_job(data, sets, _indexing(bars), warn, options)
    finish(report, data, promote, as_json)


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
    """Train the learned ranker on judged queries, as the server answers them.

    --queries, --judgments and --catalog may be repeated, once for each judged set. The other models
    of the new bundle are those of --bundle. Needs no torch.
    """
    from services.training.ranker import base_bundle, ranker_queries, train_ranker_job

    sets = judged_sets(catalogs or [], queries or [], judgments or [])
    if not sets:
        raise InvalidRequest("--queries, --judgments", ("are needed: the ranker learns from judged queries"))
    base = base_bundle(data, bundle)
    with WorkBars.shown(quiet=as_json) as bars:
        advance = bars.counting("Queries", sum(len(ranker_queries(each, base)) for each in sets))
        report = train_ranker_job(data, sets, base, _indexing(bars), advance)
    finish(report, data, promote, as_json)


@app.command("towers")
@trains_in_ranks
def towers(  # noqa: PLR0913 (a command's options are its parameters)
    queries: Queries = None,
    judgments: Judgments = None,
    catalogs: Catalogs = None,
    data: Data = DATA,
    bundle: Bundle = "",
    clicks: Annotated[
        bool, typer.Option(help="Learn from what shoppers opened, by DATA's tables, if it has any.")
    ] = True,
    anchor: Annotated[
        float, typer.Option(min=0, help="How much vectors are held where they were; 0: not at all.")
    ] = 4.0,
    learning_rate: Annotated[float, typer.Option(min=0, help="The highest; it rises and falls.")] = 5e-5,
    steps: Annotated[int, typer.Option(min=1, help="The most; training ends earlier by itself.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins.")] = 0,
    promote: Promote = False,
    as_json: Json = False,
) -> None:
    """Train the encoder of queries and products.

    From what shoppers opened, from judged queries, or from both. --queries, --judgments and
    --catalog may be repeated, once for each judged set. The other models of the new bundle are those
    of --bundle. Needs the extra `train` (torch). Once promoted, all products are encoded again.
    """
    from services.training.ranker import base_bundle
    from services.training.towers.job import TowerOptions, train_towers_job
    from services.training.towers.settings import TowerSettings

    sets = judged_sets(catalogs or [], queries or [], judgments or [])
    settings = TowerSettings(anchor_share=anchor, learning_rate=learning_rate, most_steps=steps, seed=seed)
    base = base_bundle(data, bundle)
    with WorkBars.shown(quiet=as_json) as bars:
        options = TowerOptions(clicks, settings)
        report = train_towers_job(data, sets, base, _indexing(bars), warn, options)
    finish(report, data, promote, as_json)


@app.command("recommend")
def recommend(data: Data = DATA, as_json: Json = False) -> None:
    """Train the rankers of recommendations, from what visitors bought.

    Earlier days teach, and the latest judge. A ranker is used at once if it is better beyond chance.
    `aisle serve` does this by itself once a day. A server may serve the folder meanwhile.
    """
    from services.training.learning.config import TrainerConfig
    from services.training.learning.job import Learner

    exported(data)
    with waiting("Learning to recommend", quiet=as_json):
        learner = Learner(data, load(TrainerConfig), wait_seconds=0.0)
        report = learner.learn_to_recommend(clock.now()).report()
    if as_json:
        print_json(report)
        return
    for line in recommend_lines(report):
        say(line)


def finish(report: dict[str, Any], data: Path, promote: bool, as_json: bool) -> None:
    """Promote the new bundle if that was asked for, and tell how the job went."""
    name = str(report["bundle_version"])
    refused = _refusal(data, name) if promote else None
    promoted = promote and refused is None
    if as_json:
        print_json({**report, "promoted": promoted})
    else:
        for line in report_lines(report):
            say(line)
        say("in use from now on" if promoted else f"try it: aisle models promote {name} --data {data}")
    if refused:
        raise refused


def _refusal(data: Path, name: str) -> InvalidRequest | None:
    """Promote a bundle; or why its report does not allow it."""
    try:
        promote_bundle(Registry.of(data), name)
    except InvalidRequest as error:
        return error
    return None


def _indexing(bars: WorkBars) -> Callable[[Path, Path, str], object]:
    from cli.files.indexed import index_file  # loads the encoder's libraries

    return partial(index_file, progress=bars)
