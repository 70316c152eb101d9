"""The cost of a refusal by an overloaded server.

Run python -m bench.refusals [--calls 20000] [--rounds 5]. The server has a process of its own. It
measures the server's processor time for each call, and the time that a caller waits for 16 calls at
once.
"""

import argparse
import asyncio
import multiprocessing
import resource
import statistics
import time
from multiprocessing.connection import Connection
from typing import Any

from grpc import aio

from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceServicer, add_SearchServiceServicer_to_server
from bench.cpu import cpu
from shared.errors import Overloaded
from shared.rpc.server import Server

_AT_ONCE = 16
_SEARCH = "/aisle.v1.SearchService/Search"


class _Full(SearchServiceServicer):
    async def Search(self, request: SearchRequest, context: Any = None) -> SearchResponse:  # noqa: N802
        raise Overloaded("16 pages are in work and 64 wait; retry in 120 ms")


def _serve(pipe: Connection) -> None:
    """Refuse calls; for each word of the pipe, answer with the processor seconds used so far."""

    async def run() -> None:
        server = Server(
            [("aisle.v1.SearchService", add_SearchServiceServicer_to_server, _Full())],
            0,
            "127.0.0.1",
        )
        await server.start()
        pipe.send(server.port)
        while await asyncio.to_thread(pipe.recv):
            used = resource.getrusage(resource.RUSAGE_SELF)
            pipe.send(used.ru_utime + used.ru_stime)
        await server.stop(0)

    asyncio.run(run())


def _asked(pipe: Connection) -> float:
    pipe.send(True)
    return float(pipe.recv())


async def _round(port: int, calls: int) -> None:
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        search: Any = channel.unary_unary(_SEARCH)

        async def refused() -> None:
            for _ in range(calls // _AT_ONCE):
                try:
                    await search(b"")
                except aio.AioRpcError:
                    continue

        await asyncio.gather(*(refused() for _ in range(_AT_ONCE)))


def main() -> None:
    """Print microseconds a refusal, as medians of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=_serve,
        args=(theirs,),
        daemon=True,
    )
    server.start()
    port = ours.recv()
    server_us = []
    wall_us = []
    for _ in range(arguments.rounds + 1):
        before = _asked(ours)
        began = time.perf_counter()
        asyncio.run(_round(port, arguments.calls))
        wall_us.append((time.perf_counter() - began) / arguments.calls * 1e6)
        server_us.append((_asked(ours) - before) / arguments.calls * 1e6)
    ours.send(False)
    server.join()
    print(cpu())
    best_us = min(server_us[1:])
    usual_us = statistics.median(server_us[1:])
    print(f"server: {usual_us:.1f} us of processor time a refusal ({best_us:.1f} at best)")
    print(f"all: {statistics.median(wall_us[1:]):.1f} us a refusal, {_AT_ONCE} at once")


if __name__ == "__main__":
    main()
