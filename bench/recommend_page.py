"""How long a page of recommendations takes: python -m bench.recommend_page CATALOG [--data DIR]

Serves a catalogue in a process of its own, after visitors who bought in baskets of a few products
over some months. Asks for pages of 20 with a filter, one placement after the other, over gRPC.
Rankers of recommendations are trained on these baskets before, and searches are asked beside.
`click` is the time from the acknowledgement of a click to the first home page that differs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from threading import Event

import numpy as np

from aisle.v1.events_pb2 import EventProduct, UserEvent
from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.search_pb2 import AnyOf, Filter, SearchRequest
from bench.cpu import cpu
from cli.client import Client
from cli.files.indexed import index_file
from cli.standalone_process import running_engine, standalone_process
from services.standalone.folder_tables import export
from services.training.learning.config import TrainerConfig
from services.training.learning.job import Learner
from shared import artifacts
from shared.product_memory.memory import DAY_SECONDS
from shared.snapshot.generation import snapshots_of
from shared.snapshot.products import ProductStore

_PLACEMENTS = ("similar", "also_bought", "also_viewed", "for_you", "trending", "popular", "new_arrivals")
_VISITORS = 2_000
_BASKETS = 3  # of a visitor
_FAITHFUL = 0.7  # of the baskets are of a visitor's favourites
_DAYS = 120.0  # of the baskets
_NEAR = 20  # products that are bought together are so near in the catalogue's order
_CLICKS = 50
_DEADLINE_MS = 5_000
_SETTINGS = {
    "AISLE_TRAINER_ENABLED": "false",  # the memory is made before pages are asked for
    "AISLE_JOIN_ENABLED": "false",
}
_EVENTS_AT_ONCE = 500


def _baskets(ids: Sequence[str], chance: random.Random) -> Iterator[UserEvent]:
    """Each visitor buys near products, often the same, so that some pairs have enough visitors."""
    popular = [int(chance.paretovariate(1.1) * 50) % len(ids) for _ in range(500)]
    for visitor in range(_VISITORS):
        favourite = chance.choice(popular)
        for number in range(_BASKETS):
            start = favourite if chance.random() < _FAITHFUL else chance.choice(popular)
            chosen = {ids[(start + chance.randrange(_NEAR)) % len(ids)] for _ in range(5)}
            ago_days = _DAYS * (1 - (number + chance.random()) / _BASKETS)
            event = UserEvent(
                event_id=f"b{visitor}-{number}",
                action="purchase",
                visitor_id=f"v{visitor}",
                products=[EventProduct(product_id=each) for each in sorted(chosen)],
            )
            event.event_time.FromSeconds(int(time.time() - ago_days * DAY_SECONDS))
            yield event


def _sell(engine: Client, events: Sequence[UserEvent]) -> None:
    for start in range(0, len(events), _EVENTS_AT_ONCE):
        for _ in engine.stream_events(events[start : start + _EVENTS_AT_ONCE]):
            pass


def _request(placement: str, ids: Sequence[str], chance: random.Random) -> RecommendRequest:
    return RecommendRequest(
        placement=placement,
        product_ids=[chance.choice(ids)],
        visitor_id=f"v{chance.randrange(_VISITORS)}",
        filters=[Filter(field="product_id", any_of=AnyOf(values=["none"]), negate=True)],
        page_size=20,
        deadline_ms=_DEADLINE_MS,
        unlogged=True,
    )


def _measured(engine: Client, ids: Sequence[str], pages: int) -> Iterator[str]:
    chance = random.Random(1)
    took: dict[str, list[float]] = {placement: [] for placement in _PLACEMENTS}
    for number in range(pages + 20):
        for placement in _PLACEMENTS:
            request = _request(placement, ids, chance)
            began = time.perf_counter()
            page = engine.recommend(request)
            if number >= 20:  # the first ones warm up
                took[placement].append((time.perf_counter() - began) * 1e3)
            assert page.results and not page.served_by.degraded
    everything = [each for times in took.values() for each in times]
    for name, times in (*took.items(), ("all", everything)):
        yield _row(name, times)


@contextmanager
def _searches(address: str, titles: Sequence[str], rate: float) -> Iterator[None]:
    """So many searches a second until the block ends."""
    ended = Event()

    def ask() -> None:
        chance = random.Random(2)
        with Client(address) as engine:
            while not ended.wait(chance.expovariate(rate)):
                words = chance.choice(titles).split()[:3]
                engine.search(SearchRequest(query=" ".join(words), deadline_ms=_DEADLINE_MS))

    with ThreadPoolExecutor(1) as thread:
        searching = thread.submit(ask) if rate else None
        try:
            yield
        finally:
            ended.set()
    if searching:
        searching.result()


def _clicks(engine: Client, ids: Sequence[str]) -> str:
    waited = []
    for number in range(_CLICKS):
        visitor = f"clicker-{token_hex(4)}"
        request = RecommendRequest(
            placement="for_you", visitor_id=visitor, deadline_ms=_DEADLINE_MS, unlogged=True
        )
        before = _ids(engine, request)
        product = EventProduct(product_id=ids[number * 7 % len(ids)])
        click = UserEvent(event_id=visitor, action="click", visitor_id=visitor, products=[product])
        list(engine.stream_events([click]))
        began = time.perf_counter()
        while _ids(engine, request) == before and time.perf_counter() - began < 10:
            pass
        waited.append((time.perf_counter() - began) * 1e3)
    return _row("click", waited)


def _row(name: str, times_ms: Sequence[float]) -> str:
    return f"| {name} | " + " | ".join(f"{each:.1f}" for each in np.percentile(times_ms, (50, 95, 99))) + " |"


def _ids(engine: Client, request: RecommendRequest) -> list[str]:
    return [result.product.product_id for result in engine.recommend(request).results]


def _products(data: Path) -> ProductStore:
    root = snapshots_of(data)
    return ProductStore.open(root / str(artifacts.current(root)) / "products")


def _train(data: Path) -> str:
    """Make the product memory and train rankers. Returns which placements have trees."""
    learner = Learner(data, TrainerConfig())
    learner.remember(time.time() + 1, force=True)
    learnt = learner.learn_to_recommend(time.time() + 1)
    return learnt.refused or "with trees: " + ", ".join(
        str(each.placement) for each in learnt.outcomes if not each.refused
    )


def main() -> None:
    """Index, sell, remember, ask, and print the table."""
    arguments = _arguments()
    os.environ |= _SETTINGS
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder) / "data"
        if not data.exists():
            index_file(arguments.catalog, data)
        products = _products(data)
        rows = np.arange(len(products))
        ids = products.product_ids(rows)
        with running_engine(data) as address, Client(address) as engine:
            _sell(engine, list(_baskets(ids, random.Random(0))))
        asyncio.run(export(data))
        print(f"cpu: {cpu()}, load average {os.getloadavg()[0]:.1f}, {len(ids)} products; {_train(data)}")
        print("| | p50 ms | p95 | p99 |\n| --- | --- | --- | --- |")
        titles = [products.product(row).title for row in rows.tolist()]
        with (
            standalone_process(data, workers=arguments.workers) as (_, address),
            Client(address) as engine,
            _searches(address, titles, arguments.searches),
        ):
            for line in (*_measured(engine, ids, arguments.pages), _clicks(engine, ids)):
                print(line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--pages", type=int, default=100, help="of each placement (default %(default)s)")
    parser.add_argument("--searches", type=float, default=10.0, help="a second, beside (default %(default)s)")
    parser.add_argument("--workers", default="auto", help="as of aisle serve")
    parser.add_argument("--data", type=Path, help="keep the data folder there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
