"""The process of a page worker: how it is started and ended."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_END_SECONDS = 3.0
_ENVIRONMENT = {
    # Other workers keep the other cores busy, so that more threads would only wait for each other
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Two heaps instead of one a thread: 15 MB less, and glibc can return more of them
    "MALLOC_ARENA_MAX": "2",
}


@dataclass(frozen=True)
class WorkerProcess:
    """One page worker of a data folder."""

    data: Path
    bundle: str
    number: int
    settings: Mapping[str, str]  # environment variables for it alone

    async def start(self) -> tuple[asyncio.subprocess.Process, socket.socket]:
        """Start it. Returns it and this end of the connection with it.

        It ends when the connection does, so also with this process.
        """
        here, there = socket.socketpair()
        with there:
            here.setblocking(False)
            command = [sys.executable, "-m", "services.standalone.workers", str(self.data)]
            command += [str(there.fileno()), self.bundle]
            environment = {**_ENVIRONMENT, **os.environ, **self.settings}
            start = partial(asyncio.create_subprocess_exec, *command, pass_fds=[there.fileno()])
            pipe = asyncio.subprocess.PIPE  # its end ends a worker that hangs, too
            try:
                # In a group of its own: Ctrl-C is for the first process, which ends its workers
                process = await start(stdin=pipe, env=environment, process_group=0)
            except BaseException:
                here.close()
                raise
        return process, here


async def end(process: asyncio.subprocess.Process) -> None:
    """Wait for a worker whose connection is closed. It is killed if it does not end in time."""
    try:
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
