"""Runs the server in a process of its own, so that client and server do not share an interpreter."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO

from services.standalone import served_address
from shared.errors import Unavailable

_STOP_SECONDS = 15


Settings = Mapping[str, str]
NOBODY_SHOPS: Settings = {"AISLE_GATEWAY_LOG_IMPRESSIONS": "false"}


@contextmanager
def running_engine(data: Path, bundle: str = "", settings: Settings | None = None) -> Iterator[str]:
    """The address of a server that serves DATA on a free port until the block ends.

    `settings` are environment variables for this server only. Raises Unavailable if it does not
    start; its own message is on standard error.
    """
    with standalone_process(data, bundle, settings) as (_, address):
        yield address


@contextmanager
def standalone_process(
    data: Path, bundle: str = "", settings: Settings | None = None, workers: str = "1"
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process of a server, and its address. The server is asked to end when the block ends.

    `workers` is the option of `aisle serve`. The server ends with this process in any case: its
    standard input is a pipe that no other process holds.
    """
    command = [sys.executable, "-m", "cli.app", "serve", "--json", "--while-stdin"]
    command += ["--data", str(data), "--port", "0"]
    command += ["--workers", workers, *(["--bundle", bundle] if bundle else [])]
    environment = {**os.environ, **(settings or {})}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8", env=environment
    ) as process:
        try:
            yield process, _address(process)
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def engine_at(address: str, data: Path, bundle: str) -> AbstractContextManager[str]:
    """The server at `address` if given, otherwise one on DATA that logs no impressions.

    Raises Unavailable, naming the address, if a server serves DATA already.
    """
    if address:
        return nullcontext(address)
    if serving := served_address.serving(data):
        raise Unavailable(f"a server serves {data} already; ask that one: --address {serving}")
    return running_engine(data, bundle, NOBODY_SHOPS)


def _address(process: subprocess.Popen[str]) -> str:
    """The address that the server prints once it is ready.

    The JSON object ends at a line with a brace.
    """
    assert process.stdout is not None
    text = "".join(_until_brace(process.stdout))
    try:
        return str(json.loads(text)["address"])
    except (ValueError, KeyError) as error:
        raise Unavailable("the server did not start; see its message above") from error


def _until_brace(lines: IO[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith("}"):
            return
