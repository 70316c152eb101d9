"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import DEFAULT_ADDRESS

Address = Annotated[
    str, typer.Option(help="Where the engine listens.", metavar="HOST:PORT", envvar="AISLE_ADDRESS")
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
        help="What the file is, such as csv or shopify; default: found by its content.",
        metavar="FORMAT",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="Read their column as our field; may be repeated.", metavar="THEIRS=OURS"),
]
Attributes = Annotated[
    str,
    typer.Option(help="rest: columns that nothing else reads become attributes.", metavar="rest"),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="A field that is not valid keeps its row out; exit code 3 if one was kept out.",
    ),
]
AcceptLog = Annotated[
    bool,
    typer.Option(
        "--accept-log",
        help="Go on with a log that ends before what DATA has of it (docs/operations.md).",
    ),
]

ADDRESS = DEFAULT_ADDRESS
DATA = Path("data")
