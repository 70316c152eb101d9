"""`aisle index`: a catalogue file becomes a snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.standalone.console import err, print_json, say, warn
from services.standalone.options import DATA, Bundle, Data, Json

_SHOWN = 20  # rejections printed for a person


def index(
    catalog: Annotated[Path, typer.Argument(help="JSON lines, plain or gzipped.", metavar="CATALOG.jsonl[.gz]")],
    data: Data = DATA,
    bundle: Bundle = "",
    as_json: Json = False,
) -> None:
    """Add or replace a catalogue file's products; the next snapshot serves as soon as it is complete.

    Rows that are not valid are reported with line, field and reason and do not stop the others. Until the new snapshot
    is complete, and whatever goes wrong before, the one from before is served.
    """
    from services.standalone.indexing import index_catalog

    with IndexBars.shown(quiet=as_json) as bars:
        report = index_catalog(catalog, data, bundle, bars)
    print_json(report) if as_json else show_index_report(report)


class IndexBars:
    """Two progress bars: reading the file, encoding its products."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._reading: TaskID | None = None
        self._encoding: TaskID | None = None

    @classmethod
    @contextmanager
    def shown(cls, quiet: bool = False) -> Iterator["IndexBars"]:
        """Bars on standard error; none when that is no terminal, or when `quiet`."""
        columns = (
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=40),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bars:
            yield cls(bars)

    def read(self, done: int, total: int, /) -> None:
        """How many bytes of the file."""
        if self._reading is None:
            self._reading = self._bars.add_task("Reading", total=total)
        self._bars.update(self._reading, completed=done)

    def encoded(self, done: int, total: int, /) -> None:
        """How many products."""
        if self._encoding is None:
            self._encoding = self._bars.add_task("Encoding", total=total)
        self._bars.update(self._encoding, completed=done)


def show_index_report(report: dict[str, Any]) -> None:
    """Rejections, then what the run did."""
    for one in report["rejections"][:_SHOWN]:
        warn(f"line {one['line']}: {one['field']}: {one['reason']}")
    if report["rejected"] > _SHOWN:
        warn(f"... and {report['rejected'] - _SHOWN} more; --json lists the first 1,000")
    kept = f", {report['reused']:,} encoded before" if report["reused"] else ""
    for line in (
        f"{report['rows']:,} rows read, {report['rejected']:,} rejected; {report['products']:,} products{kept}",
        f"snapshot {report['snapshot_version']}, {report['dense']['kind']} index, {report['seconds']} s",
    ):
        say(line)
