"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import DEFAULT_ADDRESS

Address = Annotated[
    str, typer.Option(help="Address of the server.", metavar="HOST:PORT", envvar="AISLE_ADDRESS")
]
Bundle = Annotated[
    str,
    typer.Option(help="The bundle of models to use; default: the promoted one.", metavar="NAME"),
]
Data = Annotated[
    Path,
    typer.Option(help="Folder of snapshots, bundles and the log.", metavar="DIR", file_okay=False),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object for a program to read; no progress bars."),
]
Catalog = Annotated[
    Path,
    typer.Argument(
        help="JSON lines, CSV, a feed or a shop's export; docs/import.md lists them.",
        metavar="CATALOG",
    ),
]
Format = Annotated[
    str,
    typer.Option(
        help="Format of the file, such as csv or shopify; default: detected from its content.",
        metavar="FORMAT",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="Read their column as our field; may be repeated.", metavar="THEIRS=OURS"),
]
Attributes = Annotated[
    str,
    typer.Option(
        help="With the value rest, columns that nothing else reads become attributes.", metavar="rest"
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Reject rows with an invalid field; exit code 3 if a row was rejected.",
    ),
]
AcceptLog = Annotated[
    bool,
    typer.Option(
        "--accept-log",
        help="Accept a log that ends before the positions that DATA contains (docs/operations.md).",
    ),
]

ADDRESS = DEFAULT_ADDRESS
DATA = Path("data")
