"""The report of a command about the catalogue file that it has read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from cli.files.account import LISTED
from cli.terminal.console import one_line, warn

ROWS_REJECTED = 3  # the exit code with --strict
_SHOWN = 20  # rejections, warnings and columns printed for a person
_PLAIN = "JSON lines"


def show_format(path: Path, report: Mapping[str, Any]) -> None:
    """Print the detected format, unless it is JSON lines."""
    if report["format"] not in ("", _PLAIN):
        warn(f"{path}: read as {report['format']}")


def show_reading(report: Mapping[str, Any]) -> None:
    """Print rejections, warnings, and columns that nothing read."""
    for one in report["rejections"][:_SHOWN]:
        place = f"line {one['line']}" if one["line"] else one["product_id"]
        warn(f"{place}: {one['field']}: {one['reason']}")
    _show_more(report["rejected"], "rejected")
    for one in report["warnings"][:_SHOWN]:
        warn(f"line {one['line']}: warning: {one['field']}: {one['reason']}: {one['action']}")
    _show_more(report["warned"], "warnings")
    if report["unread"]:
        warn(
            f"not read: {_columns(report['unread'])}; --attributes "
            "rest takes them, --map THEIRS=OURS names one"
        )
    if report["unread_more"]:
        warn(f"also not read: {report['unread_more']:,} values in further columns")


def counts_of(report: Mapping[str, Any]) -> str:
    """The summary of a reading: "1,000 rows read, 2 rejected, 5 warnings"."""
    said = f"{report['rows']:,} rows read, {report['rejected']:,} rejected"
    said += f", {report['warned']:,} warnings" if report["warned"] else ""
    said += f", {report['merged']:,} joined to the product of another row" if report["merged"] else ""
    return said + (f", {report['made']:,} products more than rows" if report["made"] else "")


def end_strictly(report: Mapping[str, Any], strict: bool) -> None:
    """End the command with a special exit code if --strict rejected a row."""
    if strict and report["rejected"]:
        raise typer.Exit(ROWS_REJECTED)


def _show_more(count: int, noun: str) -> None:
    if count > _SHOWN:
        warn(f"... and {count - _SHOWN:,} more {noun}; --json lists the first {LISTED:,}")


def _columns(unread: Sequence[Mapping[str, Any]]) -> str:
    shown = [_column(each) for each in unread[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(unread) - _SHOWN:,} more" if len(unread) > _SHOWN else "")


def _column(column: Mapping[str, Any]) -> str:
    nearest = f" (is it {column['nearest']}?)" if column["nearest"] else ""
    return f"{one_line(column['name'][:60])} {column['count']:,}{nearest}"
