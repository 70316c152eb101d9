"""How fast the processes of a shop accept events and products.

Run python -m bench.intake [--data DIR] [--events 20000] [--rounds 3]. One process of each service
runs over a Kafka and a Redis of its own. Events are measured until they are durable: through the
gateway, and by kafka-python's producer with the same settings, in turns. A core's second is the
gateway's, or that of the producer's process. Products are measured until they are durable, and
until they are shown, with other prices and with new texts. Then come events and upserts at a steady
rate, with the lag of the log's readers.
"""

import argparse
import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import grpc

from aisle.v1.catalog_pb2 import GetProductRequest, Product
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import (
    EVENT_STATUS_ACCEPTED,
    RecordEventsRequest,
    StreamEventsRequest,
    UserEvent,
)
from aisle.v1.events_pb2_grpc import EventServiceStub
from bench.events import (
    OWN_BENCHMARK,
    SEND_LOOP,
    Speed,
    own_benchmark,
    print_speeds,
    send_loop,
)
from bench.intake_lag import Steady, measure_lag
from bench.live_freshness import stream_of
from bench.live_writes import Mix, calls_of
from bench.log_records import click_records
from bench.replicas import busy_seconds
from bench.work_folder import products_of, work_folder
from shared.events.log import NewRecord
from shared.snapshot.generation import current_generation
from tests.reckoning import until_applied
from tests.shop import QUICK, Shop, running_shop

AT_ONCE = 500
CALLERS = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="the sample shop, indexed before")
    parser.add_argument("--events", type=int, default=15_000, help="in each round of each way")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--events-rate", type=float, default=200.0, help="events a second of the steady state"
    )
    parser.add_argument(
        "--upserts-rate", type=float, default=50.0, help="upserts a second of the steady state"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="of the steady state")
    arguments = parser.parse_args()
    os.environ.update(QUICK)  # the same engines in every process, without a trial
    with work_folder(arguments.data) as place:
        data = place.copied()
        base = current_generation(data)
        assert base
        with running_shop(data, place.folder / "run", {}) as shop:
            asyncio.run(_measure(shop, products_of(base), arguments))


async def _measure(shop: Shop, products: Sequence[Product], arguments: argparse.Namespace) -> None:
    async with grpc.aio.insecure_channel(shop.processes.gateway) as channel:
        events = EventServiceStub(channel)
        catalog = CatalogServiceStub(channel)
        speeds = await _events(shop, events, arguments.events, arguments.rounds)
        print_speeds("durable events", speeds)
        await _products(shop, catalog, products, arguments.rounds)
        await measure_lag(shop, Steady(events, catalog), products, arguments)


async def _events(shop: Shop, stub: Any, count: int, rounds: int) -> dict[str, Speed]:
    """Measure events. The worker applies all of a turn before the next begins."""
    ways: dict[str, Callable[[Sequence[NewRecord]], Awaitable[int]]] = {
        OWN_BENCHMARK: lambda records: asyncio.to_thread(own_benchmark, shop.kafka, records),
        SEND_LOOP: lambda records: asyncio.to_thread(send_loop, shop.kafka, records),
        f"gateway: StreamEvents, {CALLERS} streams": lambda records: _each(
            records, lambda part: _stream(stub, part)
        ),
        f"gateway: RecordEvents, {AT_ONCE} each, {CALLERS} callers": lambda records: _each(
            records, lambda part: _record(stub, part)
        ),
    }
    speeds = {name: Speed() for name in ways}
    for turn in range(rounds):
        for number, (name, way) in enumerate(ways.items()):
            records = click_records(count, f"{turn}-{number}")
            busy = partial(_gateway_seconds, shop) if "gateway" in name else time.process_time
            began = time.perf_counter()
            core_began = busy()
            assert await way(records) == count
            speeds[name].take(count, time.perf_counter() - began, busy() - core_began)
            await until_applied(shop)
    return speeds


def _gateway_seconds(shop: Shop) -> float:
    return busy_seconds(shop)["gateway"]


async def _each(records: Sequence[NewRecord], send: Callable[[Sequence[NewRecord]], Awaitable[int]]) -> int:
    """Send all, by some callers at once. Returns the number accepted."""
    return sum(await asyncio.gather(*(send(records[number::CALLERS]) for number in range(CALLERS))))


async def _stream(stub: Any, records: Sequence[NewRecord]) -> int:
    async def requests() -> AsyncIterator[StreamEventsRequest]:
        for record in records:
            yield StreamEventsRequest(event=UserEvent.FromString(record.value or b""))

    answers = stub.StreamEvents(requests())
    return sum([answer.ack.status == EVENT_STATUS_ACCEPTED async for answer in answers])


async def _record(stub: Any, records: Sequence[NewRecord]) -> int:
    accepted = 0
    for start in range(0, len(records), AT_ONCE):
        events = [UserEvent.FromString(each.value or b"") for each in records[start : start + AT_ONCE]]
        acks = (await stub.RecordEvents(RecordEventsRequest(events=events))).acks
        accepted += sum(ack.status == EVENT_STATUS_ACCEPTED for ack in acks)
    return accepted


async def _products(shop: Shop, stub: Any, products: Sequence[Product], rounds: int) -> None:
    """Send all products in one stream, and measure until all are acknowledged and until all are
    shown.

    The best of the rounds.
    """
    print("\n| upserts in one stream | durable a second | a core's second of the gateway | shown a second |")
    print("| --- | --- | --- | --- |")
    for title, count, new_texts in (
        ("other prices", len(products), 0.0),
        ("new texts", len(products) // 10, 1.0),
    ):
        durable = Speed()
        shown_a_second = 0.0
        for turn in range(rounds):
            (call,) = calls_of(products, Mix(count, 0, new_texts, count), seed=turn)
            began = time.perf_counter()
            core_began = _gateway_seconds(shop)
            answer = await stub.UpsertProducts(stream_of(call.changed))
            assert answer.accepted_count == count
            durable.take(count, time.perf_counter() - began, _gateway_seconds(shop) - core_began)
            while not await _is_shown(stub, call.changed[-1].product_id, answer.log_position):
                continue
            shown_a_second = max(shown_a_second, count / (time.perf_counter() - began))
        speeds = f"{durable.per_second:,.0f} | {durable.per_core_second:,.0f} | {shown_a_second:,.0f}"
        print(f"| {title} | {speeds} |")


async def _is_shown(stub: Any, product_id: str, log_position: int) -> bool:
    """Wait for half a minute at most."""
    try:
        await stub.GetProduct(GetProductRequest(product_id=product_id, wait_for_visible=log_position))
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            return False
        raise
    return True


if __name__ == "__main__":
    main()
