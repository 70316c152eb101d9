"""`aisle tables`: what shoppers did with their pages, as Parquet files."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DATA, Data, Json
from cli.terminal.console import print_json, say, waiting

if TYPE_CHECKING:
    from services.feedback.join.tables import Tables


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
    """List the tables of DATA, a day each: products shown, what visitors did, how many they were.

    A server may serve the folder meanwhile, but not with --export or --rebuild. Days that the log
    does not have whole any more stay as they are.
    """
    report: dict[str, Any] = {}
    with waiting("Joining the log", quiet=as_json):
        if rebuild:
            report["rebuilt"] = _rebuilt(data)
        elif export:
            report["record_count"] = _exported(data)
    days, interactions = _impressions(data), _interactions(data)
    if as_json:
        print_json({**report, "days": days, "interactions": interactions})
        return
    _say("impressions", days)
    _say("interactions", interactions)


def _say(table: str, days: list[dict[str, Any]]) -> None:
    for day in days:
        size = f"{day['size_bytes'] / 1e6:>10,.1f} MB"
        visitors = f"  {day['visitor_count']:>9,} visitors" if "visitor_count" in day else ""
        say(f"{table:<12}  {day['day']}  {day['row_count']:>12,} rows  {size}{visitors}")
    total = sum(day["size_bytes"] for day in days)
    rows = sum(day["row_count"] for day in days)
    say(f"{table:<12}  {len(days)} days, {rows:,} rows, {total / 1e6:,.1f} MB")


def _impressions(data: Path) -> list[dict[str, Any]]:
    found = _tables(data)
    return [
        {"day": day.isoformat(), "row_count": found.row_count(day), "size_bytes": found.size_bytes(day)}
        for day in found.days()
    ]


def _interactions(data: Path) -> list[dict[str, Any]]:
    from services.feedback.join.paths import INTERACTIONS

    found = _tables(data)
    return [
        {
            "day": day.isoformat(),
            "row_count": found.row_count(day, INTERACTIONS),
            "visitor_count": found.visitor_count(day),
            "size_bytes": found.size_bytes(day, INTERACTIONS),
        }
        for day in found.interaction_days()
    ]


def _tables(data: Path) -> Tables:
    from services.feedback.join.tables import Tables
    from services.standalone.local_join import TABLES

    return Tables(data / TABLES)


def _exported(data: Path) -> int:
    from services.standalone.folder_tables import export

    return asyncio.run(export(data))


def _rebuilt(data: Path) -> dict[str, Any]:
    from services.standalone.folder_tables import make_anew

    return asdict(asyncio.run(make_anew(data)))
