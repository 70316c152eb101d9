"""`aisle load`: a catalogue file's products, sent to a running engine."""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from protos.catalog_pb2 import ProductRejection, UpsertProductsRequest
from protos.search_pb2 import SearchRequest, Tier
from services.standalone.catalog_file import LISTED_REJECTIONS, CatalogFile
from services.standalone.client import EngineClient
from services.standalone.console import print_json, say, waiting, warn
from services.standalone.options import ADDRESS, Address, Json
from services.standalone.work_bars import WorkBars
from shared.catalog.wire import to_message

_SHOWN = 20  # rejections printed for a person


def load(
    catalog: Annotated[Path, typer.Argument(help="JSON lines, plain or gzipped.", metavar="CATALOG.jsonl[.gz]")],
    address: Address = ADDRESS,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Send nothing to a shop that has products.")] = False,
    wait_seconds: Annotated[
        float, typer.Option(min=0, help="How long to wait until searches show the products; 0: not at all.")
    ] = 600,
    as_json: Json = False,
) -> None:
    """Send a catalogue file's products to a running engine; they are durable when this is done.

    Rows that are not valid are reported with line, field and reason and do not stop the others. Loading a file again
    changes nothing.
    """
    started = time.perf_counter()
    with EngineClient(address) as engine:
        if if_empty and (count := _product_count(engine)):
            report: dict[str, Any] = {"skipped": True, "products": count}
        else:
            report = {"skipped": False, **_load(engine, catalog, wait_seconds, as_json)}
    report["seconds"] = round(time.perf_counter() - started, 2)
    print_json(report) if as_json else _show(report)


def _product_count(engine: EngineClient) -> int:
    request = SearchRequest(page_size=1, max_tier=Tier.TIER_LEXICAL, deadline_ms=10_000, unlogged=True)
    return int(engine.search(request).total_count)


def _load(engine: EngineClient, catalog: Path, wait_seconds: float, quiet: bool) -> dict[str, Any]:
    with WorkBars.shown(quiet) as bars:
        checked = CatalogFile(catalog)  # once to its end, so that of a file that is cut short nothing is sent
        valid = sum(1 for _ in checked.products(bars))
        sending = _Sending(catalog, bars, valid)
        answer = engine.upsert_products(sending.requests())
    if wait_seconds:
        with waiting("Waiting until searches show them ...", quiet):
            engine.wait_until_shown(sending.last_id, answer.log_position, wait_seconds)
    rejections = [asdict(one) for one in checked.rejections] + [_described(one) for one in answer.rejections]
    return {
        "rows": checked.rows,
        "accepted": answer.accepted_count,
        "rejected": checked.rejected + answer.rejected_count,
        "rejections": rejections[:LISTED_REJECTIONS],
        "log_position": answer.log_position,
    }


class _Sending:
    """The valid products of a file, which gRPC takes from a thread of its own."""

    def __init__(self, catalog: Path, bars: WorkBars, valid: int) -> None:
        self._file, self._bars = CatalogFile(catalog), bars
        self._advance = bars.counting("Sending", valid)
        self.last_id = ""

    def requests(self) -> Iterator[UpsertProductsRequest]:
        for product in self._file.products(self._bars):
            self.last_id = product.product_id
            yield UpsertProductsRequest(product=to_message(product))
            self._advance(1)


def _described(rejection: ProductRejection) -> dict[str, Any]:
    """What the engine itself did not take, such as a product that is too large for its log."""
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
    for one in report["rejections"][:_SHOWN]:
        place = f"line {one['line']}" if one["line"] else one["product_id"]
        warn(f"{place}: {one['field']}: {one['reason']}")
    if report["rejected"] > _SHOWN:
        warn(f"... and {report['rejected'] - _SHOWN} more; --json lists the first {LISTED_REJECTIONS:,}")
    say(f"{report['accepted']:,} products accepted, {report['rejected']:,} rejected, in {report['seconds']} s")
