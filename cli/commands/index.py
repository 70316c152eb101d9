"""`aisle index`: turns a catalogue file into a snapshot."""

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
        help="Let --replace remove more than half of the products, or any if some rows could not be read.",
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

    The next snapshot serves as soon as it is complete. An invalid field is read as far as possible
    or left out, with a warning. A row without id or title is rejected. Both are reported with line,
    field and reason, and the other rows are indexed. Until the new snapshot is complete, and after
    any error, the previous one serves.

    With --replace the file is the whole catalogue, so products that it lacks are removed. Products
    of rejected rows stay as they are. If a row could not be read at all, nothing is removed.
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
    """The outcome of the rows, then that of the run."""
    show_reading(report)
    removed = f", {report['removed']:,} removed" if report["removed"] else ""
    kept = f", {report['reused']:,} encoded before" if report["reused"] else ""
    for line in (
        f"{counts_of(report)}; {report['products']:,} products{kept}{removed}",
        f"snapshot {report['snapshot_version']}, {report['dense']['kind']} index, {report['seconds']} s",
    ):
        say(line)
    if made := report["new_bundle"]:
        reason = "the one before was made for another encoder"
        say(f"bundle {made} is in use from now on, because {reason}; see aisle models show {made}")
    if alone := report["without_primary"]:
        variants = "variant names" if alone == 1 else "variants name"
        fault = f"{variants} a primary product that is not in the catalogue"
        say(f"{alone:,} {fault}; they are shown without it")
