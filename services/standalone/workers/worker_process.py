"""The process of a page worker: how it is started and ended."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_END_SECONDS = 3.0
FIRST = "first"  # the socket of the first process, in its folder
_ENVIRONMENT = {
    # Other workers keep the other cores busy, so that more threads would only wait for each other
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Two heaps instead of one a thread: 15 MB less, and glibc can return more of them
    "MALLOC_ARENA_MAX": "2",
}


@dataclass(frozen=True)
class WorkerProcess:
    """One page worker of a data folder. `folder` has the sockets."""

    data: Path
    bundle: str
    folder: Path
    number: int
    settings: Mapping[str, str]  # environment variables for it alone

    @property
    def address(self) -> str:
        """Where it answers, in gRPC's notation."""
        return f"unix:{self.folder / f'worker-{self.number}'}"

    async def start(self) -> asyncio.subprocess.Process:
        """Start it. It ends when its standard input does, so also with this process."""
        (self.folder / f"worker-{self.number}").unlink(missing_ok=True)
        command = [sys.executable, "-m", "services.standalone.workers", str(self.data)]
        command += [str(self.folder / FIRST), self.address, self.bundle]
        environment = {**_ENVIRONMENT, **os.environ, **self.settings}
        # In a group of its own: Ctrl-C is for the first process, which ends its workers
        pipe = asyncio.subprocess.PIPE
        start = partial(asyncio.create_subprocess_exec, *command)
        return await start(stdin=pipe, env=environment, process_group=0)


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask a worker to end, and wait. It is killed if it does not end in time."""
    if process.stdin:
        process.stdin.close()
    try:
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
