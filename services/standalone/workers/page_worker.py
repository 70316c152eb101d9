"""One page worker, as the first process sees it: it is called, watched and replaced."""

from __future__ import annotations

import asyncio
import logging
import time

from aisle.v1.admin_pb2 import REPLICA_STATE_SERVING, REPLICA_STATE_UNREACHABLE, Replica
from aisle.v1.status_pb2 import ReplicaStatus
from aisle.v1.worker_pb2 import MakePageRequest, MakePageResponse
from services.standalone.workers.connection import Answer, Connection, Ended, Kind
from services.standalone.workers.worker_process import WorkerProcess, end
from shared.errors import AisleError, Unavailable

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 2.0
_ASKED = "was asked to end"
_PATIENCE = 0.5  # of a page's remaining time, for a worker that answers nothing
_SILENT_PAGES = 5  # so many of its usual pages would have taken less time: it is not just busy
_USUAL_SECONDS = 0.03  # of a page, before it has made any
_SMOOTHING = 0.1
_LATE_SECONDS = 0.1  # a worker ends a page by itself, in time
_SILENCE_SECONDS = 20.0  # a worker that was ready and then is silent for so long is replaced
_START_SECONDS = 300.0  # the same before it was ready: large snapshots take a while
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 60.0  # after so long, an end is the first one again


class PageWorker:
    """Calls a worker, and starts another process when it ends."""

    def __init__(self, process: WorkerProcess, features: Answer) -> None:
        """`features` answers its READ_FEATURES."""
        self._process = process
        self._features = features
        self._status: ReplicaStatus | None = None  # None: not ready, or silent
        self._connection: Connection | None = None  # None: no process runs
        self._pid = 0
        self._answered = 0.0  # when it last answered anything, in seconds of time.monotonic
        self._usual_seconds = _USUAL_SECONDS  # of a page of late
        self.running = 0  # pages that it makes now

    def shows(self, log_position: int) -> bool:
        """Whether it makes pages, with the catalogue's writes up to a position."""
        found = self._status
        if found is None or not found.snapshot_version:
            return False
        return found.log_position >= log_position

    async def make(self, request: MakePageRequest, left_seconds: float) -> MakePageResponse:
        """A page, `left_seconds` before its deadline. Raises AisleErrors as a page does.

        Raises Ended if its process has ended. Raises TimeoutError, and gives it no more pages until
        it answers again, if it has answered nothing for so long that it is not just busy.
        """
        began = time.monotonic()
        call = asyncio.ensure_future(self._made(request, left_seconds + _LATE_SECONDS))
        self.running += 1
        try:
            silence_seconds = max(left_seconds * _PATIENCE, _SILENT_PAGES * self._usual_seconds)
            await asyncio.wait([call], timeout=silence_seconds)
            if not call.done() and self._answered < began:
                self._status = None
                raise TimeoutError
            made = await call
            self._observe(began)
            return made
        finally:
            self.running -= 1
            call.cancel()

    def _observe(self, began: float) -> None:
        self._answered = time.monotonic()
        self._usual_seconds += _SMOOTHING * (self._answered - began - self._usual_seconds)

    async def _made(self, request: MakePageRequest, limit_seconds: float) -> MakePageResponse:
        if self._connection is None:
            raise Ended("the page worker has ended")
        try:
            async with asyncio.timeout(limit_seconds):
                body = await self._connection.call(Kind.MAKE_PAGE, request.SerializeToString())
        except TimeoutError as error:
            raise Unavailable("the page was not ready at its deadline; retry in a moment") from error
        return MakePageResponse.FromString(body)

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
        process, here = await self._process.start()
        self._pid = process.pid
        connection = await Connection.over(here, {Kind.READ_FEATURES: self._features})
        self._connection = connection
        try:
            return await self._watch(process, connection)
        finally:
            self._status = self._connection = None
            connection.close()
            await asyncio.shield(end(process))

    async def _watch(self, process: asyncio.subprocess.Process, connection: Connection) -> str:
        """Look at a process until it has ended, or is silent for too long."""
        ended = asyncio.create_task(process.wait())
        self._answered, limit_seconds = time.monotonic(), _START_SECONDS
        try:
            while not ended.done():
                if await self._look(connection):
                    limit_seconds = _SILENCE_SECONDS
                elif time.monotonic() - self._answered > limit_seconds:
                    process.kill()
                    return f"has not answered for {limit_seconds:.0f} s"
                await asyncio.wait([ended], timeout=_LOOK_SECONDS)
        finally:
            ended.cancel()
        return f"has ended ({process.returncode})" if process.returncode else _ASKED

    async def _look(self, connection: Connection) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                status = ReplicaStatus.FromString(await connection.call(Kind.GET_STATUS))
        except (AisleError, TimeoutError):
            self._status = None
            return False
        self._status, self._answered = status, time.monotonic()
        return True
