"""`aisle load`: sends a catalogue file's products to a running server."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from aisle.v1.catalog_pb2 import ProductRejection, UpsertProductsRequest
from aisle.v1.search_pb2 import SearchRequest, Tier
from cli.client import Client
from cli.files.catalog_file import LISTED_REJECTIONS, CatalogFile
from cli.files.options import ReadOptions
from cli.options import ADDRESS, Address, Attributes, Catalog, Format, Json, Map, Strict
from cli.terminal.console import print_json, say, waiting
from cli.terminal.reading_report import counts_of, end_strictly, show_format, show_reading
from cli.terminal.work_bars import WorkBars
from shared.catalog.wire import to_message
from shared.errors import InvalidRequest


def load(  # noqa: PLR0913  (the options of the command)
    catalog: Catalog,
    address: Address = ADDRESS,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Send nothing to a shop that has products.")
    ] = False,
    wait_seconds: Annotated[
        float,
        typer.Option(min=0, help="How long to wait until searches show the products; 0: not at all."),
    ] = 600,
    format: Format = "",
    names: Map = None,
    attributes: Attributes = "",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Send a catalogue file's products to a running server. They are durable when the command ends.

    An invalid field is read as far as possible or left out, with a warning. A row without id or
    title is rejected. Both are reported with line, field and reason, and the other rows are sent.
    Loading a file again changes nothing.
    """
    started = time.perf_counter()
    if catalog.exists() and not catalog.is_file():
        raise InvalidRequest(
            str(catalog), "is no file; the catalogue is read twice, so write a pipe to a file first"
        )
    with Client(address) as engine:
        if if_empty and (count := _product_count(engine)):
            report: dict[str, Any] = {"skipped": True, "products": count}
        else:
            options = ReadOptions.parsed(format, names, attributes, strict)
            report = {
                "skipped": False,
                **_load(engine, CatalogFile(catalog, options), wait_seconds, as_json),
            }
            show_format(catalog, report)
    report["seconds"] = round(time.perf_counter() - started, 2)
    print_json(report) if as_json else _show(report)
    if not report["skipped"]:
        end_strictly(report, strict)


def _product_count(engine: Client) -> int:
    request = SearchRequest(page_size=1, max_tier=Tier.TIER_LEXICAL, deadline_ms=10_000, unlogged=True)
    return int(engine.search(request).total_count)


def _load(engine: Client, checked: CatalogFile, wait_seconds: float, quiet: bool) -> dict[str, Any]:
    with WorkBars.shown(quiet) as bars:
        valid = sum(
            1 for _ in checked.products(bars)
        )  # to its end, so that nothing of a truncated file is sent
        sending = _Sending(CatalogFile(checked.path, checked.options), bars, valid)
        answer = engine.upsert_products(sending.requests())
    if wait_seconds:
        with waiting("Waiting until searches show them ...", quiet):
            engine.wait_until_shown(sending.last_id, answer.log_position, wait_seconds)
    read = checked.report()
    return {
        **read,
        "accepted": answer.accepted_count,
        "rejected": checked.rejected + answer.rejected_count,
        "rejections": [*read["rejections"], *map(_described, answer.rejections)][:LISTED_REJECTIONS],
        "not_applied": answer.not_applied_count,
        "log_position": answer.log_position,
    }


class _Sending:
    """The valid products of a file, which gRPC reads in a thread of its own."""

    def __init__(self, file: CatalogFile, bars: WorkBars, valid: int) -> None:
        self._file = file
        self._bars = bars
        self._advance = bars.counting("Sending", valid)
        self.last_id = ""

    def requests(self) -> Iterator[UpsertProductsRequest]:
        for product in self._file.products(self._bars):
            self.last_id = product.product_id
            yield UpsertProductsRequest(product=to_message(product))
            self._advance(1)


def _described(rejection: ProductRejection) -> dict[str, Any]:
    """The products that the server itself rejected, such as one that is too large for its log."""
    return {
        "line": None,
        "product_id": rejection.product_id,
        "field": rejection.field,
        "reason": rejection.reason,
    }


def _show(report: dict[str, Any]) -> None:
    if report["skipped"]:
        say(f"there are {report['products']:,} products already; nothing was sent")
        return
    show_reading(report)
    say(f"{counts_of(report)}; {report['accepted']:,} products accepted in {report['seconds']} s")
