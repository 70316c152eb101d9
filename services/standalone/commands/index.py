"""`aisle index`: a catalogue file becomes a snapshot."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.standalone.console import print_json, say, warn
from services.standalone.options import DATA, Bundle, Data, Json
from services.standalone.work_bars import WorkBars

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

    with WorkBars.shown(quiet=as_json) as bars:
        report = index_catalog(catalog, data, bundle, bars)
    print_json(report) if as_json else show_index_report(report)


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
