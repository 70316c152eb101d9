"""`aisle serve`: serves a data folder in one process."""

import asyncio
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from aisle.v1.admin_pb2 import GetStatusResponse
from cli.options import DATA, AcceptLog, Bundle, Data, Json
from cli.terminal.console import print_json, say
from shared import process_log
from shared.listening import LOOPBACK, dialled
from shared.priority import answer_promptly


def serve(  # noqa: PLR0913  (its options)
    data: Data = DATA,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the gRPC gateway; 0 takes a free one.")
    ] = 50051,
    host: Annotated[
        str, typer.Option(help="Where it listens; [::] is every address of the machine.")
    ] = LOOPBACK,
    bundle: Bundle = "",
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
    asyncio.run(_serve(data, port, host, bundle, as_json, while_stdin, accept_log))


async def _serve(  # noqa: PLR0913  (the options of the command)
    data: Path,
    port: int,
    host: str,
    bundle: str,
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
    async with Standalone.open(data, port=port, bundle=bundle, host=host, accept_log=accept_log) as engine:
        ended = asked_to_end()  # before anything reports that it is ready
        if while_stdin:
            set_at_end_of(sys.stdin.fileno(), ended)
        ready = describe(
            await engine.describe(), f"{dialled(host)}:{engine.port}", time.perf_counter() - started
        )
        print_json(ready) if as_json else _show(ready)
        await ended.wait()


def set_at_end_of(descriptor: int, ended: asyncio.Event) -> None:
    """Set `ended` once the writer of the open file has closed it or ended."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        while os.read(descriptor, 1):  # not sys.stdin, whose lock Python takes at exit
            pass
        with suppress(RuntimeError):  # the loop has closed before
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, daemon=True).start()


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
