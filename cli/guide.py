"""The guided tour: five queries through the gateway, and a remark about each page."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from aisle.v1.events_pb2 import EventProduct, UserEvent
from aisle.v1.search_pb2 import Filter, NumberRange, SearchRequest, SearchResponse, SearchResult
from cli.client import Client
from cli.terminal.page_moves import ids, moves
from cli.terminal.page_table import results_table, served_line
from sample.tour import STOPS, PriceFilter, Stop, Taste

_SHOWN = 5
# A busy machine must not end the tour; each page shows its time
_DEADLINE_MS = 2_000
# Events become features within a second; a longer delay would be a defect to show
_FEATURES_SECONDS = 3.0
_POLL_SECONDS = 0.1


@dataclass
class Guide:
    """Shows `stops` of the shop to a person."""

    console: Console
    engine: Client
    products: Sequence[dict[str, Any]]
    # A new visitor has no earlier clicks
    visitor_id: str = field(default_factory=lambda: f"demo-{token_hex(4)}")

    def show(self, stops: Sequence[Stop] = STOPS) -> None:
        """Show all stops, one after the other."""
        # A process loads some parts with its first page
        self.engine.search(self._request(stops[0]))
        for number, stop in enumerate(stops, 1):
            self._headline(number, len(stops), stop)
            page = self.engine.search(self._request(stop))
            self._page(page)
            if stop.taste:
                self._personalise(stop, stop.taste, page)
            self._remark("Notice", "bold green", stop.notice)

    def _headline(self, number: int, count: int, stop: Stop) -> None:
        self.console.print()
        self.console.rule(
            Text(f" {number} of {count}: {stop.name} ", style="bold cyan"),
            align="left",
            style="cyan",
        )
        self.console.print(Text.assemble(("  $ ", "dim"), (_command(stop), "bold")))

    def _page(self, page: SearchResponse, before: SearchResponse | None = None) -> None:
        if page.corrected_query:
            self.console.print(Text.assemble("  read as ", (page.corrected_query, "bold yellow")))
        first, variants = families(page.results)
        rows = first[:_SHOWN]
        notes = (
            {key: f"+{count} alike" for key, count in variants.items()}
            if before is None
            else moves(before, page)
        )
        self.console.print(Padding(results_table(rows, notes), (0, 2)))
        for line in served_line(page).splitlines():
            self.console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
        if rows:
            self._remark("Why first", "bold", rows[0].explanation.summary)

    def _remark(self, title: str, style: str, text: str) -> None:
        self.console.print(Padding(Text.assemble((f"{title} ", style), text), (0, 2)))

    def _personalise(self, stop: Stop, taste: Taste, before: SearchResponse) -> None:
        picks = taste.picks(self.products)
        titles = {str(product["product_id"]): str(product["title"]) for product in self.products}
        self.console.print()
        self.console.print(Text.assemble("  The same visitor clicks on:", style="bold"))
        for product_id in picks:
            self.console.print(
                Text(f"    {titles[product_id]}", style="magenta"),
                overflow="ellipsis",
                no_wrap=True,
            )
        started = time.perf_counter()
        self._click(picks)
        after = self._changed(stop, before)
        ms = (time.perf_counter() - started) * 1000
        self.console.print(Text(f"  and asks again, {ms:.0f} ms after the first click:", style="bold"))
        self._page(after, before)

    def _click(self, product_ids: Sequence[str]) -> None:
        events = [
            UserEvent(
                event_id=f"{self.visitor_id}-{number}",
                action="click",
                visitor_id=self.visitor_id,
                products=[EventProduct(product_id=product_id)],
            )
            for number, product_id in enumerate(product_ids)
        ]
        for _ in self.engine.stream_events(events):
            pass

    def _changed(self, stop: Stop, before: SearchResponse) -> SearchResponse:
        """The first page that differs, because acknowledged events become features a moment later.

        Otherwise the last page.
        """
        until = time.perf_counter() + _FEATURES_SECONDS
        while True:
            page = self.engine.search(self._request(stop))
            if ids(page) != ids(before) or time.perf_counter() > until:
                return page
            time.sleep(_POLL_SECONDS)

    def _request(self, stop: Stop) -> SearchRequest:
        filters = [_filter(stop.filter)] if stop.filter else []
        return SearchRequest(
            query=stop.query,
            filters=filters,
            visitor_id=self.visitor_id,
            page_size=20,
            explain=True,
            deadline_ms=_DEADLINE_MS,
        )


def families(results: Sequence[SearchResult]) -> tuple[list[SearchResult], dict[str, int]]:
    """The first result of each product with its variants.

    Also the number of further results of each, by the id of the first.
    """
    first: dict[str, SearchResult] = {}
    more: dict[str, int] = {}
    for result in results:
        leader = first.setdefault(result.product.primary_product_id or result.product.product_id, result)
        if leader is not result:
            more[leader.product.product_id] = more.get(leader.product.product_id, 0) + 1
    return list(first.values()), more


def _command(stop: Stop) -> str:
    chosen = f" --filter {stop.filter.field}={_range(stop.filter)}" if stop.filter else ""
    return f'aisle search "{stop.query}"{chosen}'


def _range(chosen: PriceFilter) -> str:
    low, high = ("" if end is None else f"{end:g}" for end in (chosen.minimum, chosen.maximum))
    return f"{low}..{high}"


def _filter(chosen: PriceFilter) -> Filter:
    return Filter(field=chosen.field, range=NumberRange(min=chosen.minimum, max=chosen.maximum))
