"""Recommend real customers' next baskets over gRPC, knowing only what they bought before.

python -m bench.next_basket PURCHASES --catalog PRODUCTS [--until DATE | --later LATER] [--share 0.1]

The purchases before DATE are sent to the gateway as events, by a clock that runs with them. With
the later purchases in a file of their own, these are all of PURCHASES. The tables, the product
memory and the ranker are made as a shop's own process makes them.

Then each customer who bought before gets two kinds of recommendations. "for_you" is asked at the
moment of the first basket after DATE, once for anything and once without all that the customer
bought. "also_bought" is asked for products of later baskets, and judged by the rest of the basket.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grpc import aio

from aisle.v1.events_pb2 import EVENT_STATUS_ACCEPTED, RecordEventsRequest
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.recommend_pb2_grpc import RecommendServiceStub
from bench.basket_events import events_of
from bench.click_engine import LearningEngine, Parts
from bench.cpu import cpu
from bench.purchase_orders import PurchaseOrders
from cli.files.indexed import index_file
from cli.loop.simulated_time import SimulatedTime
from services.training.recommending.judging import CUT, judge_rankings
from services.training.recommending.purchase_file import Basket, read_baskets

_DEADLINE_MS = 10_000
_MOST_EXCLUDED = 1_000
_EVENTS_AT_ONCE = 200
_SEED = 7


@dataclass(frozen=True)
class Asked:
    """Who is asked for: baskets after the split, and products of them with what else was bought."""

    baskets: Sequence[Basket]  # the first of each customer who bought before
    seeds: Sequence[tuple[str, Sequence[str]]]


@dataclass
class Answers:
    """What one way recommended to all who were asked for, and what they bought."""

    rankings: list[Sequence[str]] = field(default_factory=list)
    bought: list[set[str]] = field(default_factory=list)

    def add(self, recommended: Sequence[str], bought: Iterable[str]) -> None:
        """One question more."""
        self.rankings.append(recommended[:CUT])
        self.bought.append(set(bought))

    def cells(self, product_count: int) -> str:
        """Recall with its 95 % interval, nDCG, coverage."""
        found = judge_rankings(self.rankings, self.bought, product_count).report()
        low, high = found["interval"]
        recall = f"{found[f'recall@{CUT}']:.4f} ({low:.4f} to {high:.4f})"
        return f"{recall} | {found[f'ndcg@{CUT}']:.4f} | {found[f'coverage@{CUT}']:.3f}"


Table = dict[str, dict[str, Answers]]  # question -> way to recommend -> answers


@dataclass
class Shop:
    """A gateway that is called over gRPC."""

    engine: LearningEngine
    events: Any
    recommend: Any
    time: SimulatedTime

    async def sell(self, baskets: Sequence[Basket]) -> None:
        """Send purchases as they happened, then make what is learnt of them."""
        waiting = []
        for basket in baskets:
            waiting += events_of(basket)
            if len(waiting) >= _EVENTS_AT_ONCE or basket is baskets[-1]:
                self.time.at_least(basket.seconds)
                acks = (await self.events.RecordEvents(RecordEventsRequest(events=waiting))).acks
                assert all(ack.status == EVENT_STATUS_ACCEPTED for ack in acks)
                waiting = []
        await self.engine.engine.features.until_counted()
        await self.engine.learn_products(self.time.seconds)

    async def page(self, placement: str, **asked: Any) -> list[str]:
        """Ids of a page of CUT products."""
        request = RecommendRequest(
            placement=placement, page_size=CUT, deadline_ms=_DEADLINE_MS, unlogged=True, **asked
        )
        response = await self.recommend.Recommend(request)
        return [result.product.product_id for result in response.results]


def asked_for(before: Sequence[Basket], after: Sequence[Basket], seed_count: int) -> Asked:
    """The questions that baskets after a split ask, and so many seeds of them."""
    known = {basket.user for basket in before}
    first: dict[str, Basket] = {}
    for basket in after:
        if basket.user in known:
            first.setdefault(basket.user, basket)
    pairs = [
        (seed, [other for other in basket.product_ids if other != seed])
        for basket in after
        for seed in basket.product_ids
        if len(basket.lines) > 1
    ]
    chosen = random.Random(_SEED).sample(pairs, min(seed_count, len(pairs)))
    return Asked(sorted(first.values(), key=lambda basket: basket.seconds), chosen)


async def _measured(shop: Shop, asked: Asked, orders: PurchaseOrders) -> Table:
    table: Table = {"next basket": {}, "never bought": {}, "bought with": {}}

    def note(question: str, way: str, recommended: Sequence[str], wanted: Sequence[str]) -> None:
        table[question].setdefault(way, Answers()).add(recommended, wanted)

    for basket in asked.baskets:
        shop.time.at_least(basket.seconds)
        bought = orders.bought_by(basket.user)
        new = [each for each in basket.product_ids if each not in bought]
        for way, order in orders.of(basket.user):
            note("next basket", way, order, basket.product_ids)
            if new:
                note("never bought", way, [each for each in order if each not in bought], new)
        page = await shop.page("for_you", visitor_id=basket.user)
        note("next basket", "aisle", page, basket.product_ids)
        if new:
            excluded = list(bought)[:_MOST_EXCLUDED]
            page = await shop.page("for_you", visitor_id=basket.user, exclude_product_ids=excluded)
            note("never bought", "aisle", page, new)
    for seed, others in asked.seeds:
        note("bought with", "count", orders.with_seed(seed), others)
        note("bought with", "aisle", await shop.page("also_bought", product_ids=[seed]), others)
    return table


async def _replayed(data: Path, before: Sequence[Basket], asked: Asked, orders: PurchaseOrders) -> Table:
    simulated = SimulatedTime(before[0].seconds)
    async with AsyncExitStack() as stack:
        stack.enter_context(simulated.running())
        engine = await stack.enter_async_context(LearningEngine.open(data, Parts()))
        channel = await stack.enter_async_context(aio.insecure_channel(f"localhost:{engine.port}"))
        shop = Shop(engine, EventServiceStub(channel), RecommendServiceStub(channel), simulated)
        await shop.sell(before)
        return await _measured(shop, asked, orders)


def main() -> None:
    """Read the purchases, sell, ask, and print the table."""
    arguments = _arguments()
    baskets = read_baskets(arguments.purchases)
    if arguments.later:
        before, after = baskets, read_baskets(arguments.later)
    else:
        until = datetime.fromisoformat(arguments.until).replace(tzinfo=UTC).timestamp()
        before = [basket for basket in baskets if basket.seconds < until]
        after = [basket for basket in baskets if basket.seconds >= until]
    asked = asked_for(before, after, arguments.seeds)
    if arguments.share < 1:
        before = sorted(
            random.Random(_SEED).sample(before, max(1, round(arguments.share * len(before)))),
            key=lambda basket: basket.seconds,
        )
    print(f"cpu: {cpu()}, load average {os.getloadavg()[0]:.1f}")
    print(f"{len(before)} baskets before, {len(asked.baskets)} customers and {len(asked.seeds)} seeds after")
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder) / "data"
        size = index_file(arguments.catalog, data)["products"]
        table = asyncio.run(_replayed(data, before, asked, PurchaseOrders(before)))
    print("\n| | | recall@20 (95 %) | nDCG@20 | coverage |\n| --- | --- | --- | --- | --- |")
    for question, ways in table.items():
        for way, found in ways.items():
            print(f"| {question} | {way} | {found.cells(size)} |")
    pages = [page for ways in table.values() for page in ways["aisle"].rankings]
    print(f"{sum(not page for page in pages)} empty pages")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("purchases", type=Path)
    parser.add_argument("--catalog", type=Path, required=True)
    parser.add_argument(
        "--until", default="2011-10-09", help="what is known ends there (default %(default)s)"
    )
    parser.add_argument(
        "--later", type=Path, help="later purchases, to be asked for; all of PURCHASES is known"
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the known baskets (%(default)s)")
    parser.add_argument("--seeds", type=int, default=6_000, help="seeds to ask for (%(default)s)")
    parser.add_argument("--data", type=Path, help="keep the data folder there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
