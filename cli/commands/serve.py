"""`aisle serve`: serves a data folder in one process."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from aisle.v1.admin_pb2 import GetStatusResponse
from cli.options import DATA, AcceptLog, Bundle, Data, Json
from cli.terminal.console import print_json, say
from shared import process_log
from shared.cores import core_count
from shared.end_of_input import set_at_end_of
from shared.errors import InvalidRequest
from shared.listening import LOOPBACK, dialled
from shared.priority import answer_promptly

_AUTO = "auto"
_MOST_CHOSEN = 8  # more would wait for the first process, which hands out the pages
_MOST_WORKERS = 64


def serve(  # noqa: PLR0913  (its options)
    data: Data = DATA,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the gRPC gateway; 0 takes a free one.")
    ] = 50051,
    host: Annotated[
        str, typer.Option(help="Where it listens; [::] is every address of the machine.")
    ] = LOOPBACK,
    bundle: Bundle = "",
    workers: Annotated[
        str, typer.Option(help="Processes that make pages; auto: one a core, at most 8.")
    ] = "auto",
    as_json: Json = False,
    accept_log: AcceptLog = False,
    while_stdin: Annotated[
        bool, typer.Option(hidden=True, help="Also end when standard input ends.")
    ] = False,
) -> None:
    """Serve the newest snapshot in DATA over gRPC until SIGTERM or Ctrl-C.

    Running calls are finished first. With --json, prints one object with the address once the
    engine is ready.
    """
    process_log.begin(news=False)
    count = count_of(workers)
    asyncio.run(_serve(data, port, host, bundle, count, as_json, while_stdin, accept_log))


async def _serve(  # noqa: PLR0913  (the options of the command)
    data: Path,
    port: int,
    host: str,
    bundle: str,
    workers: int,
    as_json: bool,
    while_stdin: bool,
    accept_log: bool,
) -> None:
    started = time.perf_counter()
    from services.standalone.standalone import (
        Standalone,
    )  # its libraries take a second to load, and `aisle --help` does not need them
    from shared.rpc.server import asked_to_end

    answer_promptly()
    async with Standalone.open(data, port, bundle, host, accept_log, workers) as engine:
        ended = asked_to_end()  # before anything reports that it is ready
        if while_stdin:
            set_at_end_of(sys.stdin.fileno(), ended)
        ready = describe(
            await engine.describe(), f"{dialled(host)}:{engine.port}", time.perf_counter() - started
        )
        print_json(ready) if as_json else _show(ready)
        await ended.wait()


def count_of(workers: str) -> int:
    """How many workers. Raises InvalidRequest."""
    if workers == _AUTO:
        return min(core_count(), _MOST_CHOSEN)
    if not workers.isascii() or not workers.isdigit() or not 1 <= int(workers) <= _MOST_WORKERS:
        reason = f"is {workers[:20]!r}; use {_AUTO}, or a number from 1 to {_MOST_WORKERS}"
        raise InvalidRequest("--workers", reason)
    return int(workers)


def describe(status: GetStatusResponse, address: str, ready_seconds: float) -> dict[str, Any]:
    """What is served, as --json prints it."""
    return {
        "address": address,
        "snapshot_version": status.snapshot_version,
        "products": status.product_count,
        "bundle_version": status.bundle_version,
        "engines": dict(status.engines),
        "ready_seconds": round(ready_seconds, 2),
    }


def _show(ready: dict[str, Any]) -> None:
    engines = ", ".join(f"{role} {name}" for role, name in sorted(ready["engines"].items()))
    for line in (
        (
            f"Serving {ready['products']:,} products on {ready['address']}, "
            f"ready in {ready['ready_seconds']} s"
        ),
        f"snapshot {ready['snapshot_version'] or 'none'}, bundle {ready['bundle_version'] or 'none'}",
        f"engines  {engines}",
        f"try      {_try(ready)}",
    ):
        say(line)


def _try(ready: dict[str, Any]) -> str:
    if not ready["snapshot_version"]:
        return "aisle index CATALOG.jsonl, with the same --data: the server switches to each new snapshot"
    return f"aisle search 'what you look for' --address {ready['address']} --explain"
