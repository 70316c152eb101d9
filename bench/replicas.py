"""One retrieval and one reranker beside two of each.

Run python -m bench.replicas [--data DIR] [--rounds 6]. Both shops run at the same time, each as
processes over a Kafka and a Redis of its own. They take turns, with queries that neither has seen.
First it measures how many pages a second each gives to clients that request the next page at once.
Then it measures the processor time of a page in each process, and their memory. From these follows
how many of each are needed. The client runs on the same machine, so its share is printed, too.
"""

import argparse
import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub
from bench.traffic import Traffic, closed_loop
from bench.work_folder import WorkFolder, work_folder
from shared.rpc.channels import connect
from tests.sample_shop import queries_of
from tests.shop import QUICK, Shop, running_shop

COUNTS = (1, 2)
DEADLINE_MS = 2_000
MEBIBYTE = 2**20


@dataclass
class Measured:
    """One shop, and its measurements."""

    shop: Shop
    traffic: dict[int, list[Traffic]] = field(default_factory=dict)  # by clients
    busy_seconds: dict[str, float] = field(default_factory=dict)  # by process
    client_seconds: float = 0.0
    pages: int = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="the sample shop, indexed before")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument(
        "--seconds",
        type=float,
        default=6.0,
        help="of each shop in each round, for each count below",
    )
    parser.add_argument("--clients", type=int, nargs="+", default=[2, 8])
    arguments = parser.parse_args()
    with work_folder(arguments.data) as place, ExitStack() as stack:
        shops = {count: Measured(stack.enter_context(_shop(place, count))) for count in COUNTS}
        asyncio.run(_measure(shops, queries_of(place.sample), arguments))
        _print(shops)


def _shop(place: WorkFolder, count: int) -> Any:
    data = place.copied(f"{count}/data")
    return running_shop(data, data.parent, {"retrieval": count, "reranker": count}, QUICK)


async def _measure(shops: dict[int, Measured], queries: Sequence[str], arguments: Any) -> None:
    """The first round warms up."""
    unseen = {count: _shuffled(queries) for count in shops}
    for number in range(arguments.rounds + 1):
        for count, measured in shops.items():
            for clients in arguments.clients:
                await _round(measured, unseen[count], clients, arguments.seconds, counted=number > 0)


def _shuffled(queries: Sequence[str]) -> Iterator[str]:
    """All queries, and then pairs of them joined: queries that neither shop has seen."""
    random = Random(11)
    yield from random.sample(queries, len(queries))
    while True:
        yield " ".join(random.sample(queries, 2))


async def _round(
    measured: Measured, unseen: Iterator[str], clients: int, seconds: float, counted: bool
) -> None:
    async with connect(measured.shop.processes.gateway) as channel:
        stub: Any = SearchServiceStub(channel)

        async def search(request: SearchRequest) -> SearchResponse:
            request.query = next(unseen)
            request.deadline_ms = DEADLINE_MS
            page: SearchResponse = await stub.Search(request)
            return page

        before = busy_seconds(measured.shop)
        client = sum(os.times()[:2])
        traffic = await closed_loop(search, [""], clients, seconds)
    if counted:
        measured.traffic.setdefault(clients, []).append(traffic)
        for name, busy in busy_seconds(measured.shop).items():
            measured.busy_seconds[name] = measured.busy_seconds.get(name, 0.0) + busy - before[name]
        measured.client_seconds += sum(os.times()[:2]) - client
        measured.pages += len(traffic.pages)


def busy_seconds(shop: Shop) -> dict[str, float]:
    """Processor time of each process since it began."""
    return {name: _stat(pid) for name, pid in _pids(shop).items()}


def _pids(shop: Shop) -> dict[str, int]:
    services = {name: process.pid for name, process in shop.processes.running.items()}
    return services | {name: server.pid for name, server in shop.servers.items()}


def _stat(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_bytes(pid: int) -> int:
    """The private memory of a process, without files, which all processes share."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def _print(shops: dict[int, Measured]) -> None:
    print(
        "| retrieval and reranker | clients | pages a second | times "
        "one each | p50 ms | p99 ms | reranked | failed |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for count, measured in shops.items():
        for clients, rounds in measured.traffic.items():
            rate = _rate(rounds)
            one = _rate(shops[COUNTS[0]].traffic[clients])
            ms = [duration for traffic in rounds for duration in traffic.durations_ms("answered")]
            reranked = np.mean([traffic.reranked_share() for traffic in rounds])
            failed = sum(len(traffic.pages) for traffic in rounds) - len(ms)
            print(
                f"| {count} each | {clients} | {rate:.1f} | {rate / one:.2f} | {np.percentile(ms, 50):.0f} "
                f"| {np.percentile(ms, 99):.0f} | {reranked:.3f} | {failed} |"
            )
    print("\n| process | processor ms a page, 1 each | 2 each | memory of its own, MiB |")
    print("| --- | --- | --- | --- |")
    for service, pid in _pids(shops[COUNTS[0]].shop).items():
        costs = [_cost_ms(measured, service) for measured in shops.values()]
        print(f"| {service} | {costs[0]:.2f} | {costs[1]:.2f} | {_resident_bytes(pid) / MEBIBYTE:.0f} |")
    clients_ms = [1e3 * each.client_seconds / each.pages for each in shops.values()]
    print(f"| (the client) | {clients_ms[0]:.2f} | {clients_ms[1]:.2f} | |")


def _rate(rounds: Sequence[Traffic]) -> float:
    return float(np.median([traffic.rate("answered") for traffic in rounds]))


def _cost_ms(measured: Measured, service: str) -> float:
    busy = sum(
        seconds for name, seconds in measured.busy_seconds.items() if name.partition("-")[0] == service
    )
    return 1e3 * busy / measured.pages


if __name__ == "__main__":
    main()
