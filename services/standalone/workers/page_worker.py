"""One page worker, as the first process sees it: it is called, watched and replaced."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from grpc import aio

from aisle.v1.admin_pb2 import REPLICA_STATE_SERVING, REPLICA_STATE_UNREACHABLE, Replica
from aisle.v1.status_pb2 import GetReplicaStatusRequest, ReplicaStatus
from aisle.v1.status_pb2_grpc import StatusServiceStub
from aisle.v1.worker_pb2 import MakePageRequest, MakePageResponse
from aisle.v1.worker_pb2_grpc import PageWorkerServiceStub
from services.standalone.workers.worker_process import WorkerProcess, end
from shared.errors import AisleError, Unavailable
from shared.rpc.channels import PROMPT, connect

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 2.0
_ASKED = "was asked to end"
_PATIENCE = 0.5  # of a page's remaining time, for a worker that answers nothing
_LATE_SECONDS = 0.1  # a worker ends a page by itself, in time
_SILENCE_SECONDS = 20.0  # a worker that was ready and then is silent for so long is replaced
_START_SECONDS = 300.0  # the same before it was ready: large snapshots take a while
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 60.0  # after so long, an end is the first one again


class PageWorker:
    """Calls a worker, and starts another process when it ends."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process
        self._status: ReplicaStatus | None = None  # None: not ready, or silent
        self._stub: Any = None
        self._pid = 0
        self._answered = 0.0  # when it last answered anything, in seconds of time.monotonic
        self.running = 0  # pages that it makes now

    def shows(self, log_position: int) -> bool:
        """Whether it makes pages, with the catalogue's writes up to a position."""
        found = self._status
        if found is None or not found.snapshot_version:
            return False
        return found.log_position >= log_position

    async def make(self, request: MakePageRequest, left_seconds: float) -> MakePageResponse:
        """A page, `left_seconds` before its deadline. Raises AisleErrors as a page does.

        Raises TimeoutError, and gives it no more pages until it answers again, if it has answered
        nothing in half of that time.
        """
        began = time.monotonic()
        limit_seconds = left_seconds + _LATE_SECONDS
        call = asyncio.ensure_future(self._stub.MakePage(request, timeout=limit_seconds))
        self.running += 1
        try:
            await asyncio.wait([call], timeout=left_seconds * _PATIENCE)
            if not call.done() and self._answered < began:
                self._status = None
                raise TimeoutError
            await asyncio.wait([call])
            if call.cancelled():  # by the channel, which was closed: not by this page's caller
                raise Unavailable("the page worker has ended")
            made: MakePageResponse = call.result()
            self._answered = time.monotonic()
            return made
        finally:
            self.running -= 1
            call.cancel()

    def replica(self) -> Replica:
        """Its status."""
        found = self._status
        state = REPLICA_STATE_SERVING if self.shows(0) else REPLICA_STATE_UNREACHABLE
        address = f"process {self._pid}"
        return Replica(service="page worker", address=address, state=state, status=found)

    async def run(self) -> None:
        """Keep a process running until cancelled."""
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            reason = await self._one()
            level = logging.INFO if reason == _ASKED else logging.WARNING
            lived = time.monotonic() - began
            pause_seconds = _FIRST_PAUSE_SECONDS if lived > _STEADY_SECONDS else pause_seconds
            message = "page worker %d (process %d) %s; another one starts in %.1f s"
            _LOG.log(level, message, self._process.number, self._pid, reason, pause_seconds)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    async def _one(self) -> str:
        """Run one process. Returns how it ended."""
        process = await self._process.start()
        self._pid = process.pid
        try:
            async with connect(self._process.address, PROMPT) as channel:
                self._stub = PageWorkerServiceStub(channel)
                return await self._watch(process, channel)
        finally:
            self._status = None
            await asyncio.shield(end(process))

    async def _watch(self, process: asyncio.subprocess.Process, channel: aio.Channel) -> str:
        """Look at a process until it has ended, or is silent for too long."""
        status: Any = StatusServiceStub(channel)
        ended = asyncio.create_task(process.wait())
        self._answered, limit_seconds = time.monotonic(), _START_SECONDS
        try:
            while not ended.done():
                if await self._look(status):
                    limit_seconds = _SILENCE_SECONDS
                elif time.monotonic() - self._answered > limit_seconds:
                    process.kill()
                    return f"has not answered for {limit_seconds:.0f} s"
                await asyncio.wait([ended], timeout=_LOOK_SECONDS)
        finally:
            ended.cancel()
        return f"has ended ({process.returncode})" if process.returncode else _ASKED

    async def _look(self, stub: Any) -> bool:
        try:
            answer = await stub.GetReplicaStatus(GetReplicaStatusRequest(), timeout=_ANSWER_SECONDS)
        except AisleError:
            self._status = None
            return False
        self._status, self._answered = answer.status, time.monotonic()
        return True
