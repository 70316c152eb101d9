"""`aisle tables`: what shoppers did with their pages, as Parquet files."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import DATA, Data, Json
from cli.terminal.console import print_json, say, waiting


def tables(
    data: Data = DATA,
    export: Annotated[
        bool, typer.Option("--export", help="First take in the rest of the log, and write what has changed.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="First make all tables anew from the start of the log.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the tables of DATA, a day each, with rows and sizes.

    An engine may serve the folder meanwhile, but not with --export or --rebuild. Days that the log
    does not have whole any more stay as they are.
    """
    report: dict[str, Any] = {}
    with waiting("Joining the log", quiet=as_json):
        if rebuild:
            report["rebuilt"] = _rebuilt(data)
        elif export:
            report["record_count"] = _exported(data)
    days = _days(data)
    if as_json:
        print_json({**report, "days": days})
        return
    for day in days:
        say(f"{day['day']}  {day['row_count']:>12,} rows  {day['size_bytes'] / 1e6:>10,.1f} MB")
    total = sum(day["size_bytes"] for day in days)
    say(f"{len(days)} days, {sum(day['row_count'] for day in days):,} rows, {total / 1e6:,.1f} MB")


def _days(data: Path) -> list[dict[str, Any]]:
    from services.feedback.join.tables import Tables
    from services.standalone.local_join import TABLES

    found = Tables(data / TABLES)
    return [
        {"day": day.isoformat(), "row_count": found.row_count(day), "size_bytes": found.size_bytes(day)}
        for day in found.days()
    ]


def _exported(data: Path) -> int:
    from services.standalone.folder_tables import export

    return asyncio.run(export(data))


def _rebuilt(data: Path) -> dict[str, Any]:
    from services.standalone.folder_tables import make_anew

    return asdict(asyncio.run(make_anew(data)))
