"""`aisle serve` as one process, beside the same with page workers.

Run python -m bench.workers [--data DIR] [--workers 1 2] [--rounds 4]. A server for each number of
workers runs, and they take turns, with queries that none has seen. Clients request the next page at
once. Then five times as many pages are requested as the server can make. It measures pages a
second, processor time a page, refusals, and the memory of each process. The client runs on the same
machine.
"""

import argparse
import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub
from bench.traffic import AsyncSearch, Traffic, closed_loop, open_loop
from bench.work_folder import WorkFolder, work_folder
from cli.client import Client
from cli.standalone_process import standalone_process
from shared.rpc.channels import connect
from tests.sample_shop import queries_of

_TIMES = 5  # of the capacity that was measured, for the overload
_LONGEST_START_SECONDS = 120
_MEBIBYTE = 1 << 20


@dataclass
class Measured:
    """A server, and its measurements in all rounds."""

    pid: int
    address: str
    closed: dict[int, list[Traffic]] = field(default_factory=dict)  # by clients
    over: list[Traffic] = field(default_factory=list)
    busy_seconds: float = 0.0  # of its processes, in the closed loops
    client_seconds: float = 0.0
    pages: int = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="the sample shop, indexed before")
    parser.add_argument("--workers", nargs="+", default=["1", "2"])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--overload", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    with work_folder(arguments.data) as place, ExitStack() as stack:
        measured = {
            workers: Measured(*stack.enter_context(_server(place, workers))) for workers in arguments.workers
        }
        asyncio.run(_measure(measured, queries_of(place.sample), arguments))
        _print(measured)


@contextmanager
def _server(place: WorkFolder, workers: str) -> Iterator[tuple[int, str]]:
    """The process id and the address of a server with so many workers, all of them ready."""
    data = place.copied(f"workers-{workers}")
    with standalone_process(data, workers=workers) as (process, address):
        asyncio.run(_all_ready(address))
        yield process.pid, address


async def _all_ready(address: str) -> None:
    with Client(address) as client:
        async with asyncio.timeout(_LONGEST_START_SECONDS):
            while not all(each.status.snapshot_version for each in client.status().replicas):
                await asyncio.sleep(0.2)


async def _measure(servers: dict[str, Measured], queries: Sequence[str], arguments: Any) -> None:
    """The first round warms up."""
    unseen = {workers: _shuffled(queries) for workers in servers}
    for number in range(arguments.rounds + 1):
        for workers, measured in servers.items():
            async with connect(measured.address) as channel:
                search = _search(SearchServiceStub(channel), unseen[workers])
                for clients in arguments.clients:
                    await _closed(measured, search, clients, arguments.seconds, counted=number > 0)
                if arguments.overload and number > 0:
                    await _over(measured, search, arguments.seconds)


def _shuffled(queries: Sequence[str]) -> Iterator[str]:
    """All queries, and then pairs of them joined: queries that no server has seen."""
    random = Random(11)
    yield from random.sample(queries, len(queries))
    while True:
        yield " ".join(random.sample(queries, 2))


def _search(stub: Any, unseen: Iterator[str]) -> AsyncSearch:
    async def search(request: SearchRequest) -> SearchResponse:
        request.query = next(unseen)
        page: SearchResponse = await stub.Search(request)
        return page

    return search


async def _closed(
    measured: Measured, search: AsyncSearch, clients: int, seconds: float, counted: bool
) -> None:
    before, client = _busy_seconds(measured.pid), sum(os.times()[:2])
    traffic = await closed_loop(search, [""], clients, seconds)
    if counted:
        measured.closed.setdefault(clients, []).append(traffic)
        measured.busy_seconds += _busy_seconds(measured.pid) - before
        measured.client_seconds += sum(os.times()[:2]) - client
        measured.pages += len(traffic.durations_ms("answered"))


async def _over(measured: Measured, search: AsyncSearch, seconds: float) -> None:
    capacity = max(loops[-1].rate("answered") for loops in measured.closed.values())
    measured.over.append(await open_loop(search, [""], _TIMES * capacity, seconds, Random(7)))


def _family(pid: int) -> list[int]:
    """A process and its children."""
    children = chain.from_iterable(
        path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")
    )
    return [pid, *map(int, children)]


def _busy_seconds(pid: int) -> float:
    """Processor time of a process and its children since they began."""
    ticks = 0
    for each in _family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _private_mebibytes(pid: int) -> float:
    """Memory of its own: without the files that processes share."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kib = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return kib * 1024 / _MEBIBYTE


def _print(servers: dict[str, Measured]) -> None:
    print("| workers | clients | pages a second | p50 ms | p99 ms | reranked |")
    print("| --- | --- | --- | --- | --- | --- |")
    for workers, measured in servers.items():
        for clients, loops in measured.closed.items():
            rate = np.median([loop.rate("answered") for loop in loops])
            ms = [duration for loop in loops for duration in loop.durations_ms("answered")]
            reranked = np.mean([loop.reranked_share() for loop in loops])
            p50, p99 = np.percentile(ms, [50, 99])
            times = f"{rate:.1f} | {p50:.1f} | {p99:.1f}"
            print(f"| {workers} | {clients} | {times} | {reranked:.3f} |")
    print("\n| workers | processor ms a page | of the client | private MiB of each process |")
    print("| --- | --- | --- | --- |")
    for workers, measured in servers.items():
        server_ms = 1e3 * measured.busy_seconds / measured.pages
        client_ms = 1e3 * measured.client_seconds / measured.pages
        memory = ", ".join(f"{_private_mebibytes(pid):.0f}" for pid in _family(measured.pid))
        print(f"| {workers} | {server_ms:.1f} | {client_ms:.1f} | {memory} |")
    _print_overload(servers)


def _print_overload(servers: dict[str, Measured]) -> None:
    if not all(measured.over for measured in servers.values()):
        return
    print(f"\n| workers | goodput at {_TIMES}x | of capacity | refused p50 ms | p99 ms | failed |")
    print("| --- | --- | --- | --- | --- | --- |")
    for workers, measured in servers.items():
        capacity = max(
            np.median([loop.rate("answered") for loop in each]) for each in measured.closed.values()
        )
        goodput = np.median([loop.rate("answered") for loop in measured.over])
        refused = [duration for loop in measured.over for duration in loop.durations_ms("refused")]
        failed = sum(len(loop.durations_ms("failed")) for loop in measured.over)
        p50, p99 = np.percentile(refused, [50, 99]) if refused else (0, 0)
        served = f"{goodput:.1f} | {goodput / capacity:.2f}"
        print(f"| {workers} | {served} | {p50:.1f} | {p99:.1f} | {failed} |")


if __name__ == "__main__":
    main()
