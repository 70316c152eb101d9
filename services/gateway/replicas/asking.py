"""Calls one replica, and a second one if the first is late or fails.

The second call is made only if another replica may succeed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from services.gateway.replicas.ejection import Ejection
from services.gateway.replicas.hedging import Hedging
from services.gateway.replicas.latencies import Latencies
from services.gateway.replicas.replica import Replica
from services.gateway.replicas.rotation import Rotation
from shared.errors import (
    AisleError,
    InvalidRequest,
    NotFound,
    Overloaded,
    SnapshotGone,
    Unavailable,
)

Answer = TypeVar("Answer")
# Sent to a replica this many milliseconds after the call began
Send = Callable[[Replica, float], Awaitable[Answer]]

_MOST_ATTEMPTS = 3
# Added if a peer was faster; without an answer by then, the replica counts as failed
_LOSER_SECONDS = 1.0
_FAIR_MS = 50.0  # with less, a failure says more about the caller's deadline than about the replica
_TYPICAL = 0.5  # the quantile that answers are compared with
_FINAL = (InvalidRequest, NotFound)  # answers that every replica would give
# Reasons to call another replica, but not to eject this one
_NO_FAULT = (SnapshotGone, Overloaded)


class Asking:
    """Calls the replicas of one service. For use from one event loop."""

    def __init__(self, rotation: Rotation, ejection: Ejection, hedge_share: float) -> None:
        """`hedge_share` of the calls, 0 to 1, may go to a second replica because the first one is
        late.
        """
        self._rotation = rotation
        self._ejection = ejection
        self._latencies = Latencies()
        self._hedging = Hedging(hedge_share, self._latencies)
        self._probes: set[asyncio.Task[None]] = set()

    async def ask(
        self, kind: str, send: Send[Answer], log_position: int = 0, budget_ms: float = 0.0
    ) -> Answer:
        """The first answer of a replica.

        Calls of a `kind` take about equally long, so their replicas are compared. The replica
        should show the catalogue's log up to `log_position`; otherwise it may wait for it.
        `budget_ms` is the call's limit, and 0 if unknown. Raises the replicas' errors, and
        Unavailable if none is known.
        """
        first = self._rotation.first(log_position)
        if first is None:
            raise Unavailable("no address is known yet")
        # The duration of a call that waits says nothing about the replica
        waits = first.log_position < log_position
        fair = not waits and not 0 < budget_ms < _FAIR_MS
        call = _Call(f"{kind} wait" if waits else kind, send, self._measured, fair)
        self._hedging.asked()
        if not waits:
            self._probe(call)
        if len(self._rotation.replicas) == 1:
            return await call.attempt(first)
        try:
            return await self._race(call, first, log_position, budget_ms)
        finally:
            call.cancel()

    async def _race(self, call: _Call[Answer], first: Replica, log_position: int, budget_ms: float) -> Answer:
        call.begin(first)
        failure: AisleError | None = None
        waits = first.log_position < log_position  # a peer would wait as well
        hedge_ms = None if waits else self._hedging.after_ms(call.kind, budget_ms)
        while call.open:
            ended = await call.next_ended(hedge_ms)
            if ended is None:  # the first is late
                hedge_ms = None
                if (other := self._rotation.another(call.tried, log_position)) and self._hedging.take():
                    call.begin(other)
                continue
            try:
                answer = call.result(ended)
            except AisleError as error:
                if isinstance(error, _FINAL):
                    raise
                failure = _more_specific(failure, error)
                if other := self._after(error, call, log_position):
                    call.begin(other)
            else:
                self._won(call)
                return answer
        assert failure is not None
        raise failure

    def _after(self, error: AisleError, call: _Call[Answer], log_position: int) -> Replica | None:
        """The replica to call after an error.

        A failure costs the replica almost nothing; a full queue means that it is busy.
        """
        other = self._rotation.another(call.tried, log_position) if len(call.tried) < _MOST_ATTEMPTS else None
        if other and isinstance(error, Overloaded) and not self._hedging.take():
            return None
        return other

    def _won(self, call: _Call[Answer]) -> None:
        """Record which replica answered first.

        Failed ones were beaten, and late ones get a little more time.
        """
        for replica in call.failed:
            self._beaten(replica)
        for task, replica in call.open.items():
            task.add_done_callback(_drop)
            asyncio.get_running_loop().call_later(_LOSER_SECONDS, self._give_up, task, replica, call.fair)
        call.open.clear()

    def _give_up(self, task: asyncio.Task[Answer], replica: Replica, fair: bool) -> None:
        if not task.done():
            task.cancel()
            if fair:
                self._beaten(replica)

    def _beaten(self, replica: Replica) -> None:
        self._ejection.beaten(replica, self._rotation.replicas)

    def _measured(self, kind: str, replica: Replica, ms: float) -> None:
        self._latencies.add(kind, ms)
        typical_ms = self._latencies.quantile(kind, _TYPICAL)
        if typical_ms and not kind.endswith(" wait"):
            self._ejection.answered(replica, ms / typical_ms, self._rotation.replicas)

    def _probe(self, call: _Call[Answer]) -> None:
        """Also send the call to a replica whose ejection has lasted long enough."""
        if replica := self._ejection.to_probe(self._rotation.replicas):
            task = asyncio.create_task(self._probed(replica, call))
            self._probes.add(task)
            task.add_done_callback(self._probes.discard)

    async def _probed(self, replica: Replica, call: _Call[Answer]) -> None:
        slowness: float | None = None
        began = time.perf_counter()
        try:
            async with asyncio.timeout(_LOSER_SECONDS):
                await call.send(replica, 0.0)
            slowness = (
                (time.perf_counter() - began) * 1e3 / (self._latencies.quantile(call.kind, _TYPICAL) or 1.0)
            )
        except (AisleError, TimeoutError):
            pass
        finally:
            self._ejection.probed(replica, slowness)


class _Call(Generic[Answer]):
    """One call, and the replicas that it was sent to."""

    def __init__(
        self,
        kind: str,
        send: Send[Answer],
        measured: Callable[[str, Replica, float], None],
        fair: bool,
    ) -> None:
        """`fair` says that a failure is the replica's fault, not that of the caller's short
        deadline.
        """
        self.kind = kind
        self.send = send
        self._measured = measured
        self.fair = fair
        self.open: dict[asyncio.Task[Answer], Replica] = {}
        self.tried: list[Replica] = []
        self.failed: list[Replica] = []
        self._began = time.perf_counter()

    def begin(self, replica: Replica) -> None:
        self.tried.append(replica)
        self.open[asyncio.create_task(self.attempt(replica))] = replica

    async def attempt(self, replica: Replica) -> Answer:
        """One replica's answer. Its duration is recorded."""
        began = time.perf_counter()
        replica.in_flight += 1
        try:
            answer = await self.send(replica, (began - self._began) * 1e3)
        finally:
            replica.in_flight -= 1
        self._measured(self.kind, replica, (time.perf_counter() - began) * 1e3)
        return answer

    async def next_ended(self, until_ms: float | None) -> asyncio.Task[Answer] | None:
        """A finished attempt.

        Returns None if that many milliseconds of the call pass without one.
        """
        left = None if until_ms is None else max(0.0, until_ms / 1e3 - (time.perf_counter() - self._began))
        ended, _ = await asyncio.wait(self.open, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(ended), None)

    def result(self, ended: asyncio.Task[Answer]) -> Answer:
        """The result of an attempt."""
        replica = self.open.pop(ended)
        try:
            return ended.result()
        except AisleError as error:
            if self.fair and not isinstance(error, _NO_FAULT):
                self.failed.append(replica)
            raise

    def cancel(self) -> None:
        """Cancel the attempts that are still running."""
        for task in self.open:
            task.add_done_callback(_drop)
            task.cancel()


def _more_specific(before: AisleError | None, now: AisleError) -> AisleError:
    """The more informative of two replicas' errors, rather than one about a missing connection."""
    return now if before is None or isinstance(before, Unavailable) else before


def _drop(task: asyncio.Task[Answer]) -> None:
    if not task.cancelled():
        task.exception()  # retrieved, so that asyncio does not log it as lost
