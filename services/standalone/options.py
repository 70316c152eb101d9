"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from services.standalone.client import DEFAULT_ADDRESS

Address = Annotated[str, typer.Option(help="Where the engine listens.", metavar="HOST:PORT", envvar="AISLE_ADDRESS")]
Bundle = Annotated[str, typer.Option(help="The bundle of models to use; default: the promoted one.", metavar="NAME")]
Data = Annotated[Path, typer.Option(help="Folder of snapshots, bundles and the log.", metavar="DIR", file_okay=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for a program to read; no progress bars.")]
InputFile = typer.Option(exists=True, dir_okay=False, readable=True, metavar="FILE")

ADDRESS = DEFAULT_ADDRESS
DATA = Path("data")
