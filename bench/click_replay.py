"""Replay real clicks through the gateway, learning only from the past.

python -m bench.click_replay CLICKS --catalog PRODUCTS [--history EARLIER] [--last-days 5]

Each search is sent when it was made, by a clock that runs with the clicks. The clicked product is
looked for on the page (and on the pages after it), and its click is sent. So the log, the join, the
features, the query memory, the ranker's training and the gate all see what they would have seen. At
the end of each day, and every six hours for the memory, due jobs run.

The table has MRR and hit@5 of the clicked product among the first 100, for each day of CLICKS. It
compares three orders: that of day one; the most clicked products of the query, then that of day
one; and the page that was shown. With --forget-own-query each of these searches is also made as if
nobody had ever asked it: a fourth order, of a page that is not logged and teaches nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from grpc import aio

from aisle.v1.events_pb2 import RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub
from bench.click_engine import LearningEngine, Parts
from bench.click_file import Click, read_clicks
from bench.click_orders import MostClicked
from bench.click_table import DAY_ONE, DEPTH, MOST_CLICKED, Ranks
from bench.cpu import cpu
from cli.files.indexed import index_file
from cli.loop.simulated_time import SimulatedTime

_PAGES = 4  # that a shopper looks at until the product is found
_DEADLINE_MS = 10_000
_TRIES = 5


@dataclass
class Replay:
    """One run over all clicks."""

    engine: LearningEngine
    search: Any
    events: Any
    time: SimulatedTime
    measured: set[date]
    forget_own_query: bool = False  # search again, as if each query were new
    ranks: Ranks = field(default_factory=Ranks)
    day_one: dict[str, list[str]] = field(default_factory=dict)  # the order of each query
    most_clicked: MostClicked = field(default_factory=MostClicked)
    found: dict[int, tuple[str, int | None]] = field(default_factory=dict)  # by the click's number
    sent: int = 0

    async def run(self, clicks: Sequence[Click]) -> None:
        """Search and click in the order of time; learn when it is time."""
        await self._note_day_one(clicks)
        began = time.perf_counter()
        searches = [(click.query_seconds, number, True) for number, click in enumerate(clicks)]
        ends = [(click.click_seconds, number, False) for number, click in enumerate(clicks)]
        for seconds, number, is_search in sorted(searches + ends, key=lambda each: each[0]):
            click = clicks[number]
            self.time.at_least(seconds)
            if not is_search:
                await self._click(click, *self.found.pop(number))
                continue
            await self.engine.learn_if_due(self.time.seconds, click.day in self.measured)
            self.found[number] = await self._one(click)
            if number % 2_000 == 1_999:
                print(f"{number + 1} clicks, {click.day}, {time.perf_counter() - began:.0f} s", flush=True)

    async def _note_day_one(self, clicks: Sequence[Click]) -> None:
        """The order of each query that is measured, before anything is learnt."""
        self.time.at_least(clicks[0].query_seconds)
        for query in dict.fromkeys(click.query for click in clicks if click.day in self.measured):
            request = SearchRequest(query=query, page_size=DEPTH, unlogged=True, deadline_ms=_DEADLINE_MS)
            response = await self._search(request)
            self.day_one[query] = _ids(response)

    async def _one(self, click: Click) -> tuple[str, int | None]:
        """Search, and note where the product was. Returns what its click needs."""
        query_id, rank = await self._found(click)
        if click.day in self.measured:
            day_one = self.day_one[click.query]
            place = day_one.index(click.product_id) + 1 if click.product_id in day_one else None
            self.ranks.add(DAY_ONE, click.day, place)
            known = self.most_clicked.rank(click.query, click.product_id, day_one)
            self.ranks.add(MOST_CLICKED, click.day, known)
            self.ranks.add("aisle", click.day, rank)
            if self.forget_own_query:
                self.ranks.add("aisle, query as new", click.day, await self._as_new(click))
        return query_id, rank

    async def _as_new(self, click: Click) -> int | None:
        """Where the product would be if nobody had asked the query before."""
        request = SearchRequest(
            query=click.query,
            visitor_id=click.visitor_id,
            page_size=DEPTH,
            unlogged=True,
            deadline_ms=_DEADLINE_MS,
        )
        with self.engine.without_own_history():
            shown = _ids(await self._search(request))
        return shown.index(click.product_id) + 1 if click.product_id in shown else None

    async def _found(self, click: Click) -> tuple[str, int | None]:
        """The search's query_id, and where the product was on its pages."""
        request = SearchRequest(
            query=click.query, visitor_id=click.visitor_id, page_size=DEPTH, deadline_ms=_DEADLINE_MS
        )
        for _ in range(_PAGES):
            response = await self._search(request)
            for result in response.results:
                if result.product.product_id == click.product_id:
                    return response.query_id, result.position
            if not response.next_page_token:
                break
            request.page_token = response.next_page_token
        return response.query_id, None

    async def _search(self, request: SearchRequest) -> SearchResponse:
        """A page. Asks again if the machine was too busy, so that a long replay goes on."""
        for _ in range(_TRIES - 1):
            with suppress(aio.AioRpcError):
                found: SearchResponse = await self.search.Search(request)
                return found
        last: SearchResponse = await self.search.Search(request)
        return last

    async def _click(self, click: Click, query_id: str, rank: int | None) -> None:
        self.most_clicked.learn(click.query, click.product_id)
        self.sent += 1
        event = UserEvent(
            event_id=f"click-{self.sent}",
            action="click",
            visitor_id=click.visitor_id,
            query_id=query_id,
        )
        event.products.add(product_id=click.product_id, position=rank or 0)
        event.event_time.FromNanoseconds(int(click.click_seconds * 1e9))
        await self.events.RecordEvents(RecordEventsRequest(events=[event]))


def _ids(response: SearchResponse) -> list[str]:
    return [result.product.product_id for result in response.results]


async def _replayed(
    data: Path, clicks: Sequence[Click], measured: set[date], parts: Parts, forget_own_query: bool
) -> Replay:
    simulated = SimulatedTime(clicks[0].query_seconds)
    async with AsyncExitStack() as stack:
        stack.enter_context(simulated.running())
        engine = await stack.enter_async_context(LearningEngine.open(data, parts))
        channel = await stack.enter_async_context(aio.insecure_channel(f"localhost:{engine.port}"))
        stubs = SearchServiceStub(channel), EventServiceStub(channel)
        replay = Replay(engine, *stubs, simulated, measured, forget_own_query)
        await replay.run(clicks)
    return replay


def main() -> None:
    """Read the clicks, replay them, and print the table."""
    arguments = _arguments()
    clicks = read_clicks(arguments.clicks)
    days = sorted({click.day for click in clicks})
    measured = set(days[-arguments.last_days :] if arguments.last_days else days)
    history = read_clicks(arguments.history) if arguments.history else []
    print(f"cpu: {cpu()}, load average {os.getloadavg()[0]:.1f}")
    parts = Parts(without=tuple(arguments.without))
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder) / "data"
        index_file(arguments.catalog, data)
        run = _replayed(data, [*history, *clicks], measured, parts, arguments.forget_own_query)
        replay = asyncio.run(run)
        for line in (*replay.engine.lines(), "", *replay.ranks.lines()):
            print(line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clicks", type=Path)
    parser.add_argument("--catalog", type=Path, required=True)
    parser.add_argument("--history", type=Path, help="earlier clicks, learnt from and not in the table")
    parser.add_argument("--last-days", type=int, default=0, help="measure these days of CLICKS; 0: all")
    parser.add_argument("--forget-own-query", action="store_true", help="search as if new, too")
    parser.add_argument("--without", action="append", default=[], choices=Parts.NAMES)
    parser.add_argument("--data", type=Path, help="keep the data folder there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
