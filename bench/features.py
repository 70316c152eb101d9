"""The cost of features, beside plain redis-py in the same run.

Run python -m bench.features [--redis HOST:PORT [--cluster]]. Without an address, a redis-server is
started for the run. The shop has 5,000 products, 2,000 queries and 20,000 visitors with a Zipf
distribution, and 30 days of events. The two sides take turns, so that other work affects both
alike, and each figure is that of the best round. The peer does the least comparable work. It reads
each candidate's value with a GET of its own in one pipeline. It counts each event with four
HINCRBYs (product and query x product, by day and in total) in pipelines of 500 events, without
visitors, and it counts repeated events twice.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import hiredis
import numpy as np
import redis

from aisle.v1.events_pb2 import Impression, UserEvent
from bench.cpu import cpu
from bench.redis_server import redis_at
from services.feedback.feature_writer import FeatureWriter
from services.feedback.service import observation
from shared.events.log import SEARCH_LOGS, USER_EVENTS, Record
from shared.features.memory import MemoryFeatureStore
from shared.features.observation import Interaction
from shared.features.page import StoredPage, keys_of, read_page
from shared.features.redis import RedisFeatureStore
from shared.features.scope import PageRequest
from shared.features.store import FeatureStore
from shared.query_ids import new_query_id
from shared.redis.client import RedisClient, connect
from shared.redis.config import RedisConfig

BATCH, CANDIDATES, SHOWN = 500, 400, 20
HISTORY_EVENTS, HISTORY_PAGES = 60_000, 6_000
DAYS = 30
RNG = np.random.default_rng(0)


def _popular(number: int, size: int) -> list[int]:
    """Numbers below `number`, mostly small ones."""
    zipf = RNG.zipf(1.3, size) - 1
    bound = RNG.integers(0, number, size) + number // 100
    return [int(n) for n in np.minimum(zipf, bound) % number]


PRODUCTS = [f"sku-{n:06d}" for n in range(5_000)]
QUERIES = [f"query number {n}" for n in range(2_000)]


@dataclass
class Shoppers:
    """Records of the log, as a consumer gets them."""

    offsets: count[int] = field(default_factory=lambda: count(1))

    def events(self, size: int, days: float = 0) -> list[Record]:
        """Clicks and other events of the last `days` days, in order. With 0, of now."""
        times = np.sort(time.time() - RNG.random(size) * days * 86_400)
        actions = RNG.choice(["click", "view", "add_to_cart", "purchase"], size, p=[0.5, 0.3, 0.15, 0.05])
        products = _popular(5_000, size)
        queries = _popular(2_000, size)
        visitors = _popular(20_000, size)
        drawn = zip(times, actions, products, queries, visitors, strict=True)
        return [self._event(float(at), str(action), *numbers) for at, action, *numbers in drawn]

    def _event(self, at: float, action: str, product: int, query: int, visitor: int) -> Record:
        offset, visitor_id = next(self.offsets), f"visitor-{visitor}"
        event = UserEvent(action=action, visitor_id=visitor_id, query_id=new_query_id(QUERIES[query], at))
        event.event_time.FromNanoseconds(int(at * 1e9))
        event.products.add(product_id=PRODUCTS[product])
        return Record(
            offset, visitor_id, event.SerializeToString(), at, f"e{offset}", USER_EVENTS, visitor % 4
        )

    def pages(self, size: int, days: float = 0) -> list[Record]:
        """Pages of 20 products that were shown."""
        times = np.sort(time.time() - RNG.random(size) * days * 86_400)
        drawn = zip(times, _popular(2_000, size), _popular(20_000, size), strict=True)
        return [self._page(float(at), query, visitor) for at, query, visitor in drawn]

    def _page(self, at: float, query: int, visitor: int) -> Record:
        offset, visitor_id = next(self.offsets), f"visitor-{visitor}"
        page = Impression(query_id=new_query_id(QUERIES[query], at), visitor_id=visitor_id)
        page.event_time.FromNanoseconds(int(at * 1e9))
        for n in range(SHOWN):
            page.products.add(product_id=PRODUCTS[(query * 7 + n) % 5_000], position=n + 1)
        return Record(
            offset, visitor_id, page.SerializeToString(), at, f"p{offset}", SEARCH_LOGS, visitor % 4
        )


async def apply(store: FeatureStore, generation: str, records: Sequence[Record]) -> float:
    """Records a second, from their bytes to the store, as the worker applies them."""
    writer, start = FeatureWriter(store, generation), time.perf_counter()
    for at in range(0, len(records), BATCH):
        await writer.apply([observation(record) for record in records[at : at + BATCH]])
    return len(records) / (time.perf_counter() - start)


async def increment(client: RedisClient, records: Sequence[Record]) -> float:
    """Events a second that the peer counts."""
    start = time.perf_counter()
    for at in range(0, len(records), BATCH):
        pipeline = client.pipeline(transaction=False)
        for record in records[at : at + BATCH]:
            interaction = observation(record).content
            assert isinstance(interaction, Interaction)
            product, day = interaction.product_ids[0], int(interaction.time_seconds // 86_400)
            for key in (f"peer:p:{product}", f"peer:q:{interaction.query_hash:x}:{product}"):
                pipeline.hincrby(key, f"{day}:{interaction.action}", 1)
                pipeline.hincrby(key, interaction.action, 1)
        await pipeline.execute()
    return len(records) / (time.perf_counter() - start)


async def get_each(client: RedisClient, names: Sequence[str]) -> None:
    """The peer's read of a page."""
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.get(name)
    await pipeline.execute()


async def milliseconds(call: Callable[[], Awaitable[object]], times: int = 20) -> list[float]:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - start) * 1e3)
    return taken


async def measure(config: RedisConfig, rounds: int) -> None:
    """Fill a store, then let both sides take turns."""
    store, client = RedisFeatureStore(connect(config)), connect(config)
    shoppers, generation = Shoppers(), await store.generation()
    history = sorted(
        [*shoppers.events(HISTORY_EVENTS, DAYS), *shoppers.pages(HISTORY_PAGES, DAYS)], key=_logged
    )
    await apply(store, generation, history)
    await pages(store, client, rounds)
    await updates(store, client, shoppers, rounds)
    await sizes(client, generation)
    await store.forget(generation)
    await store.close()
    await client.aclose()


def _logged(record: Record) -> float:
    return record.time_seconds


async def pages(store: RedisFeatureStore, client: RedisClient, rounds: int) -> None:
    """The trip and its columns, in turns with the peer's trip."""
    names = [PRODUCTS[n] for n in RNG.permutation(800)[:CANDIDATES]]
    request = PageRequest(names, QUERIES[0], "visitor-0", "s1")
    raw = [store._name(key, store._seen) for key in keys_of(request)]
    page: StoredPage = await read_page(store, request, time.time())

    async def columns() -> None:
        page.columns()

    rounds_of: dict[str, list[list[float]]] = {"read": [], "columns": [], "peer": []}
    for _ in range(5 * rounds):  # short ones
        rounds_of["read"].append(await milliseconds(lambda: read_page(store, request, time.time())))
        rounds_of["columns"].append(await milliseconds(columns))
        rounds_of["peer"].append(await milliseconds(lambda: get_each(client, raw)))
    best = {name: min(each, key=statistics.median) for name, each in rounds_of.items()}
    held = sum(len(value or b"") for value in page.values)
    print(f"\na page of {CANDIDATES} candidates, visitor and query: {held / 1e3:.0f} kB in the store\n")
    print("| what | p50 ms | p90 ms |\n| --- | --- | --- |")
    about = {
        "read": "one trip: 402 values",
        "columns": "columns made of them",
        "peer": "peer: pipeline of 402 GETs",
    }
    for name, values in best.items():
        p50, p90 = np.percentile(values, [50, 90])
        print(f"| {about[name]} | {p50:.2f} | {p90:.2f} |")
    print(f"\npeer / trip: {statistics.median(best['peer']) / statistics.median(best['read']):.1f}")


async def updates(store: RedisFeatureStore, client: RedisClient, shoppers: Shoppers, rounds: int) -> None:
    """Records a second, in turns with the peer."""
    rates: dict[str, list[float]] = {"events": [], "pages": [], "memory": [], "again": [], "peer": []}
    generation, memory = await store.generation(), MemoryFeatureStore()
    for _ in range(rounds):
        events = shoppers.events(2_500)
        rates["events"].append(await apply(store, generation, events))
        rates["peer"].append(await increment(client, events))
        rates["again"].append(await apply(store, generation, events[-BATCH:] * 4))
        rates["memory"].append(await apply(memory, "", events))
        rates["pages"].append(await apply(store, generation, shoppers.pages(1_000)))
    about = {
        "events": "user events, exactly once, into Redis",
        "pages": f"pages of {SHOWN} products, exactly once, into Redis",
        "again": "user events that come again",
        "memory": "user events, into memory",
        "peer": "peer: four HINCRBYs an event",
    }
    print("\n| what | a second |\n| --- | --- |")
    for name, values in rates.items():
        print(f"| {about[name]} | {max(values):,.0f} |")
    print(f"\nours / peer: {max(rates['events']) / max(rates['peer']):.2f}")


async def sizes(client: RedisClient, generation: str) -> None:
    """Redis's memory for a key, including the key itself."""
    used: dict[str, list[int]] = {"p": [], "q": [], "v": []}
    async for name in client.scan_iter(f"aisle:*:{generation}:*", count=1_000):
        used[name.split(b"}:")[1][:1].decode()].append(await client.memory_usage(name) or 0)
    print("\n| key | keys | mean bytes | largest |\n| --- | --- | --- | --- |")
    for kind, about in (("p", "product"), ("q", "query"), ("v", "visitor")):
        print(f"| {about} | {len(used[kind]):,} | {statistics.mean(used[kind]):,.0f} | {max(used[kind]):,} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--redis", default="", help="HOST:PORT of a server; its keys aisle:* and peer:* are ours"
    )
    parser.add_argument("--cluster", action="store_true", help="the server is a node of a Redis Cluster")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{cpu()}; redis {redis.__version__} (redis-py) with hiredis {hiredis.__version__}")
    with redis_at(arguments.redis) as address:
        asyncio.run(measure(RedisConfig(f"redis://{address}", cluster=arguments.cluster), arguments.rounds))


if __name__ == "__main__":
    main()
