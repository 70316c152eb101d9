"""`aisle index`: a catalogue file becomes a snapshot."""

from typing import Annotated, Any

import typer

from cli.files.options import ReadOptions
from cli.options import (
    DATA,
    AcceptLog,
    Attributes,
    Bundle,
    Catalog,
    Data,
    Format,
    Json,
    Map,
    Strict,
)
from cli.terminal.console import print_json, say
from cli.terminal.reading_report import counts_of, end_strictly, show_format, show_reading
from cli.terminal.work_bars import WorkBars

Replace = Annotated[bool, typer.Option("--replace", help="Remove the products that are not in the file.")]
LargeRemoval = Annotated[
    bool,
    typer.Option(
        "--allow-large-removal",
        help="Let --replace remove more than half, or any though rows could not be read.",
    ),
]


def index(  # noqa: PLR0913  (the options of the command)
    catalog: Catalog,
    data: Data = DATA,
    bundle: Bundle = "",
    format: Format = "",
    names: Map = None,
    attributes: Attributes = "",
    strict: Strict = False,
    replace: Replace = False,
    large: LargeRemoval = False,
    as_json: Json = False,
    accept_log: AcceptLog = False,
) -> None:
    """Add or replace a catalogue file's products.

    The next snapshot serves as soon as it is complete.

    A field that is not valid is read as far as it can be, or left out, with a warning; a row
    without id or title is rejected. Both are reported with line, field and reason, and do not stop
    the other rows. Until the new snapshot is complete, and whatever goes wrong before, the one from
    before is served.

    With --replace the file is the whole catalogue: products that are not in it go. Those whose rows
    were rejected stay as they are; where a row could not be read at all, nothing is removed.
    """
    from cli.files.indexed import index_file
    from services.standalone.indexing import ReplaceAll
    from services.standalone.log_acceptance import accept_the_log

    if large and not replace:
        raise typer.BadParameter(
            "is for --replace; leave it out, or add --replace", param_hint="--allow-large-removal"
        )
    replace_all = ReplaceAll(large) if replace else None
    options = ReadOptions.parsed(format, names, attributes, strict)
    if accept_log:
        accept_the_log(data)
    with WorkBars.shown(quiet=as_json) as bars:
        report = index_file(catalog, data, bundle, bars, options, replace_all)
    show_format(catalog, report)
    print_json(report) if as_json else show_index_report(report)
    end_strictly(report, strict)


def show_index_report(report: dict[str, Any]) -> None:
    """What became of the rows, then what the run did."""
    show_reading(report)
    removed = f", {report['removed']:,} removed" if report["removed"] else ""
    kept = f", {report['reused']:,} encoded before" if report["reused"] else ""
    for line in (
        f"{counts_of(report)}; {report['products']:,} products{kept}{removed}",
        f"snapshot {report['snapshot_version']}, {report['dense']['kind']} index, {report['seconds']} s",
    ):
        say(line)
