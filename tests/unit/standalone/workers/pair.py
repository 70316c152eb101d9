"""A pair of connected ends in one process."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from services.standalone.workers.connection import Answer, Connection, Kind


@asynccontextmanager
async def pair(
    first: Mapping[Kind, Answer], worker: Mapping[Kind, Answer]
) -> AsyncIterator[tuple[Connection, Connection]]:
    """The first process's end, which answers `first`, and the worker's, which answers `worker`."""
    ends = socket.socketpair()
    here = await Connection.over(ends[0], first)
    there = await Connection.over(ends[1], worker)
    try:
        yield here, there
    finally:
        here.close()
        there.close()
