"""What the join costs: python -m bench.join.

A shop's log: a page of 20 products with 40 features for every 5 events, which name the pages before
them. Staged in batches as the worker does it, each in a transaction that is on the disk, then
exported. Rates are by a core's seconds: threads of pyarrow and the disk's waiting are not one core.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from aisle.v1.events_pb2 import Impression, UserEvent
from bench.cpu import cpu
from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join
from services.feedback.join.tables import Tables
from services.feedback.service import joinable
from shared.events.log import SEARCH_LOGS, USER_EVENTS, Record
from shared.query_ids import new_query_id

SHOWN = 20
FEATURES = 40
EVENTS_A_PAGE = 5
VISITORS = 20_000
PRODUCTS = 5_000
QUERIES = 2_000
PARTITIONS = 4
ACTIONS = ("view",) * 9 + ("click",) * 7 + ("add_to_cart",) * 3 + ("purchase",)


@dataclass(frozen=True, slots=True)
class _Page:
    query_id: str
    visitor: int
    product_ids: list[str]


class Log:
    """Records as a consumer gets them, of this moment."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = Random(seed)
        self._offset = 0
        self._pages: list[_Page] = []

    def records(self, pages: int) -> Iterator[Record]:
        """So many pages, and five events for each."""
        for _ in range(pages):
            yield self._page()
            for _ in range(EVENTS_A_PAGE):
                yield self._event(self._rng.choice(self._pages[-200:]))

    def _page(self) -> Record:
        rng = self._rng
        query = f"query number {rng.randrange(QUERIES)}"
        visitor = rng.randrange(VISITORS)
        product_ids = [f"sku-{number:06d}" for number in rng.sample(range(PRODUCTS), SHOWN)]
        page = _Page(new_query_id(query), visitor, product_ids)
        self._pages.append(page)
        message = Impression(query_id=page.query_id, query=query, visitor_id=f"visitor-{visitor}")
        message.event_time.GetCurrentTime()
        message.feature_names.extend(f"feature_{number}" for number in range(FEATURES))
        for position, product_id in enumerate(product_ids, 1):
            values = [rng.random() for _ in range(FEATURES)]
            message.products.add(
                product_id=product_id, position=position, relevance_score=1 / position, feature_values=values
            )
        return self._record(SEARCH_LOGS, visitor, message.SerializeToString())

    def _event(self, page: _Page) -> Record:
        action = self._rng.choice(ACTIONS)
        event = UserEvent(event_id=f"event-{self._offset}", action=action, query_id=f"{page.query_id}.AbCd")
        event.visitor_id = f"visitor-{page.visitor}"
        event.event_time.GetCurrentTime()
        event.products.add(product_id=self._rng.choice(page.product_ids), price=19.9)
        return self._record(USER_EVENTS, page.visitor, event.SerializeToString())

    def _record(self, topic: str, visitor: int, value: bytes) -> Record:
        self._offset += 1
        key = f"visitor-{visitor}"
        return Record(self._offset, key, value, time.time(), None, topic, visitor % PARTITIONS)


@dataclass
class Spent:
    """Seconds by the wall and of a core."""

    wall_seconds: float
    core_seconds: float


class Stopwatch:
    """Measures from when it was made."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._core = time.process_time()

    def spent(self) -> Spent:
        """Since then."""
        return Spent(time.perf_counter() - self._wall, time.process_time() - self._core)


def staged(join: Join, records: list[Record], batch: int) -> Spent:
    """Take records in, a batch a transaction."""
    watch = Stopwatch()
    for start in range(0, len(records), batch):
        join.stage(records[start : start + batch])
    return watch.spent()


def exported(join: Join) -> Spent:
    """Write the day that has changed."""
    watch = Stopwatch()
    join.export()
    return watch.spent()


def measure(pages: int, rounds: int) -> None:
    """Stage and export `rounds` times; the table grows."""
    config = JoinConfig()
    log = Log()
    events = pages * EVENTS_A_PAGE
    print(
        f"{cpu()}; {pages:,} pages of {SHOWN} products with {FEATURES} features, {events:,} events a round\n"
    )
    print("| events joined | staged a second | a core's second | rows exported, a core's second | MB |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        join = Join(Path(folder), joinable, config)
        staging_seconds = 0.0
        for turn in range(1, rounds + 1):
            staging = staged(join, list(log.records(pages)), config.batch_records)
            staging_seconds += staging.core_seconds
            export = exported(join)
            size = sum(Tables(Path(folder)).size_bytes(day) for day in Tables(Path(folder)).days()) / 1e6
            rows = pages * SHOWN * turn / export.core_seconds
            rates = (events / staging.wall_seconds, events / staging.core_seconds, rows)
            print(f"| {events * turn:,} | {' | '.join(f'{rate:,.0f}' for rate in rates)} | {size:,.0f} |")
        joined = join.counts()["join.joined"]
        join.close()
    once = events * rounds / (staging_seconds + export.core_seconds)
    print(
        f"\nstaged, and exported once: {once:,.0f} events a core's second; {joined:,} of them count for a row"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=5_000, help="in each round")
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    measure(arguments.pages, arguments.rounds)


if __name__ == "__main__":
    main()
