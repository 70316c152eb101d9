"""`aisle get`: products as searches show them."""

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.client import Client
from cli.files.catalog_row import row_of
from cli.options import ADDRESS, Address, Json
from cli.terminal.console import one_line, out, print_json, warn
from shared.catalog.wire import from_message
from shared.errors import NotFound

ProductIds = Annotated[list[str], typer.Argument(help="One or more product ids.", metavar="PRODUCT_ID...")]


def get(product_ids: ProductIds, address: Address = ADDRESS, as_json: Json = False) -> None:
    """Show products of a running server, with the fields of a catalogue file.

    Exit code 1 if one does not exist.
    """
    rows: list[dict[str, Any]] = []
    missing: list[str] = []
    with Client(address) as engine:
        for product_id in product_ids:
            try:
                rows.append(row_of(from_message(engine.get_product(product_id))))
            except NotFound:
                missing.append(product_id)
    if as_json:
        print_json({"products": rows, "missing": missing})
    else:
        _show(rows, missing)
    if missing:
        raise typer.Exit(1)


def _show(rows: list[dict[str, Any]], missing: list[str]) -> None:
    for row in rows:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("", style="cyan", no_wrap=True)
        table.add_column("")
        for field, value in row.items():
            for name, text in _lines(field, value):
                table.add_row(name, Text(one_line(text)))
        out.print(table)
        out.print()
    for product_id in missing:
        warn(f"{one_line(product_id)}: there is no such product")


def _lines(field: str, value: Any) -> list[tuple[str, str]]:
    """A line for each field, and for each member of an object."""
    if isinstance(value, dict):
        return [line for name, member in value.items() for line in _lines(f"{field}.{name}", member)]
    if isinstance(value, list):
        return [(one_line(field), ", ".join(map(str, value)))]
    return [(one_line(field), str(value))]
