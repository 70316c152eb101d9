"""`aisle models compare`: encoders side by side on a shop's own catalogue and judged queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.options import DATA, Data, Json
from cli.terminal.console import out, print_json, progress, say
from services.training.evaluation.judgments import read_judged_queries

if TYPE_CHECKING:
    from services.training.encoder_comparison import EncoderFigures

_ROWS: Mapping[str, Callable[[EncoderFigures], str]] = {
    "ndcg@10": lambda each: f"{each.ndcg:.4f}",
    "condensed ndcg@10": lambda each: f"{each.condensed_ndcg:.4f}",
    "recall@100": lambda each: f"{each.recall:.4f}",
    "query ms": lambda each: f"{each.query_ms:.1f}",
    "product ms": lambda each: f"{each.product_ms:.1f}",
    "model MB": lambda each: f"{each.model_bytes / 1e6:.0f}",
    "vector bytes": lambda each: f"{each.vector_bytes:,}",
    "states bytes": lambda each: f"{each.states_bytes:,}",
}


def compare(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Folders or hub names of encoders; default: the encoder that Aisle ships with.",
            metavar="MODEL...",
        ),
    ],
    queries: Annotated[
        Path, typer.Option(help="Tab-separated query_id, query.", exists=True, dir_okay=False)
    ],
    judgments: Annotated[
        Path,
        typer.Option(help="Tab-separated query_id, product_id, grade (0 to 3).", exists=True, dir_okay=False),
    ],
    data: Data = DATA,
    as_json: Json = False,
) -> None:
    """Compare encoders on DATA's products: quality of the search by vector alone, time, bytes.

    Nothing in DATA changes. All products are encoded with each encoder, so a large catalogue takes
    a while. Bytes of vectors and token states are those of a product.
    """
    # The engines are missing where only the client of a server is installed
    from services.training.encoder_comparison import compare_encoders, product_count

    judged = read_judged_queries(queries, judgments)
    count = product_count(data)
    with progress("Products encoded", count * len(models), quiet=as_json) as advance:
        found = compare_encoders(data, models, judged, advance)
    if as_json:
        encoders = [each.report() for each in found]
        print_json({"products": count, "queries": len(judged), "encoders": encoders})
        return
    out.print(_table(found))
    say(f"{len(judged)} queries, {count:,} products; engines " + "; ".join(map(_engines, found)))


def _table(found: Sequence[EncoderFigures]) -> Table:
    """A column for each encoder."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    for each in found:
        table.add_column(each.name, justify="right")
    for title, shown in _ROWS.items():
        table.add_row(title, *map(shown, found))
    return table


def _engines(figures: EncoderFigures) -> str:
    return f"{figures.name}: {figures.engines['queries']}, {figures.engines['products']}"
