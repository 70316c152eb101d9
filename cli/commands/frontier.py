"""`aisle train frontier`: what each way of serving costs and is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from bench.cpu import cpu
from cli.options import Json
from cli.terminal.console import out, print_json, progress, say, warn
from services.training.evaluation.judgments import read_judged_queries
from shared.errors import InvalidRequest

if TYPE_CHECKING:
    from cli.frontier.figures import Figures
    from cli.frontier.measuring import Shop


def train_frontier(  # noqa: PLR0913 (a command's options are its parameters)
    queries: Annotated[
        list[Path], typer.Option(help="Tab-separated query_id, query.", exists=True, dir_okay=False)
    ],
    judgments: Annotated[
        list[Path],
        typer.Option(help="Tab-separated query_id, product_id, grade (0 to 3).", exists=True, dir_okay=False),
    ],
    data: Annotated[
        list[Path],
        typer.Option(help="Folder of an indexed shop.", metavar="DIR", exists=True, file_okay=False),
    ],
    to: Annotated[
        Path, typer.Option(help="Folder for frontier.html and frontier.png.", file_okay=False)
    ] = Path("."),
    bundle: Annotated[
        list[str] | None, typer.Option(help="Also measure this bundle, which each DATA has.", metavar="NAME")
    ] = None,
    cross_encoder: Annotated[
        str, typer.Option(help="Also measure this cross-encoder.", metavar="FOLDER")
    ] = "",
    as_json: Json = False,
) -> None:
    """Measure quality, processor time, load time and bytes of each way of serving.

    Stages, candidates, engines, bundles, and the products that a bundle's block reads, each on a
    server of its own, over gRPC. The cheapest within .003 of the best nDCG@10 is marked. --data,
    --queries and --judgments may be repeated, once for each shop. The folders are copied, and do
    not change. Needs the extra `train`.
    """
    from cli.frontier.measuring import measure, steps
    from cli.frontier.plot import drawn
    from cli.frontier.points import points
    from cli.reports.frontier_page import frontier_page

    shops = list(_shops(data, queries, judgments))
    compared = points(_blocks(data[0], bundle or []), cross_encoder)
    with TemporaryDirectory() as folder:
        copies = [shop.copied(Path(folder)) for shop in shops]
        with progress("Points by turn", steps(compared, copies), quiet=as_json) as advance:
            found = measure(compared, copies, lambda: advance(1))
    if all(each.failed for each in found):
        raise InvalidRequest("--data", f"cannot be served: {found[0].failed}")
    to.mkdir(parents=True, exist_ok=True)
    (to / "frontier.png").write_bytes(drawn(found, "png"))
    (to / "frontier.html").write_text(frontier_page(found, cpu()), "utf-8")
    print_json({"cpu": cpu(), "points": [each.report() for each in found]}) if as_json else _show(found, to)


def _shops(data: Sequence[Path], queries: Sequence[Path], judgments: Sequence[Path]) -> Iterator[Shop]:
    """Raises InvalidRequest if there is not one of each for every shop, or two have the same name."""
    from cli.frontier.measuring import Shop

    if not len(data) == len(queries) == len(judgments):
        raise InvalidRequest("--data, --queries, --judgments", "are given once each for every shop")
    if len({folder.resolve().name for folder in data}) < len(data):
        raise InvalidRequest("--data", "has two folders of the same name, which names the shop")
    for folder, asked, graded in zip(data, queries, judgments, strict=True):
        yield Shop(folder.resolve().name, folder, read_judged_queries(asked, graded))


def _blocks(data: Path, bundles: Sequence[str]) -> dict[str, bool]:
    """Whether the bundle in use, named "", and each of BUNDLES have a block."""
    from shared.models.bundle import BLOCK
    from shared.models.registry import Registry

    registry = Registry.of(data)
    names = {"": registry.version_in_use(), **{name: name for name in bundles}}
    return {name: registry.named(version).path(BLOCK) is not None for name, version in names.items()}


def _show(found: Sequence[Figures], to: Path) -> None:
    from cli.frontier.figures import WITHIN, chosen

    here = [each for each in found if not each.failed]
    one = chosen(here)
    out.print(_table(found, one))
    say(f"{cpu()}; times are the lower of two turns, one client, every query encoded anew")
    say(f"* {one.point.name}: the cheapest within {WITHIN} of the best nDCG@10")
    for each in found:
        if each.failed:
            warn(f"{each.point.name} does not run here: {each.failed}")
    say(f"{to / 'frontier.html'} and {to / 'frontier.png'} have the picture")


def _table(found: Sequence[Figures], one: Figures) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("#", justify="right")
    table.add_column("")
    table.add_column("point", no_wrap=True)
    shops = list(one.quality)
    for title in (*shops, "condensed", "processor ms", "p50 ms", "load s", "bytes"):
        table.add_column(title, justify="right")
    for number, each in enumerate(found, 1):
        if not each.failed:
            table.add_row(str(number), "*" if each is one else "", each.point.name, *_cells(each))
    return table


def _cells(figures: Figures) -> Iterator[str]:
    """nDCG@10 of each shop, then means over the shops."""
    for quality in figures.quality.values():
        yield f"{quality['ndcg@10']:.4f}"
    yield f"{fmean(each['condensed_ndcg@10'] for each in figures.quality.values()):.4f}"
    yield f"{figures.cost:.1f}"
    yield f"{fmean(figures.page_ms.values()):.1f}"
    yield f"{figures.load_seconds:.1f}"
    yield f"{figures.product_bytes:,.0f}"
