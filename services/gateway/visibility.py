"""Waits until a write is shown.

The position must come from the log, and the number of waiting callers is limited. A wait costs
almost nothing, so it does not count as a running page (admission.py), and has a limit of its own.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aisle.v1.retrieval_pb2 import FetchProductsRequest
from services.gateway.ports import Retrieval
from shared.errors import AisleError, InvalidRequest, Overloaded, Unavailable
from shared.events.log import CATALOG, EventLog

_MAX_WAITS = 256

_LOG = logging.getLogger(__name__)


class Visibility:
    """Lets callers wait for catalogue writes, up to `max_waits` at once."""

    def __init__(self, log: EventLog, retrieval: Retrieval, max_waits: int = _MAX_WAITS) -> None:
        self._log = log
        self._retrieval = retrieval
        self._max_waits = max_waits
        self._waits: Counter[str] = Counter()  # by peer
        self._end = 0  # end of the log, as far as known
        self._asking = asyncio.Lock()

    async def shown(self, log_position: int, limit_ms: float, peer: str) -> None:
        """Return once the write at a position is shown.

        Raises Unavailable if the limit passes first.
        """
        try:
            async with self.waiting(log_position, limit_ms, peer), asyncio.timeout(limit_ms / 1e3):
                await self._retrieval.FetchProducts(
                    FetchProductsRequest(wait_for_visible=log_position, budget_ms=limit_ms)
                )
        except TimeoutError:
            raise Unavailable(
                "wait_for_visible: not shown in time; retry, with a longer deadline_ms"
            ) from None
        except Unavailable as error:
            raise Unavailable(f"{error}; retry") from error

    @asynccontextmanager
    async def waiting(self, log_position: int, limit_ms: float, peer: str) -> AsyncIterator[None]:
        """Hold one of the waits while the block runs. A position of 0 needs none.

        Raises InvalidRequest if the log never assigned the position, and Overloaded if too many
        calls wait already.
        """
        if not log_position:
            yield
            return
        # A peer holds at most as many as are free, so that other peers always find some
        if self._waits[peer] >= self._max_waits - self._waits.total():
            raise Overloaded(f"wait_for_visible: {self._waits.total()} calls wait already; retry later")
        self._waits[peer] += 1
        try:
            await self._check_assigned(log_position, limit_ms)
            yield
        finally:
            self._waits[peer] -= 1
            self._waits += Counter()  # forgets peers without a wait

    async def _check_assigned(self, log_position: int, limit_ms: float) -> None:
        """Raise if the log never assigned the position.

        If the end of the log is unknown, the position is accepted. At worst the call waits in vain.
        """
        try:
            async with asyncio.timeout(limit_ms / 1e3):
                end = await self._end_beyond(log_position)
        except (AisleError, TimeoutError) as error:
            _LOG.debug("the end of the log is unknown: %s", error)
            return
        if log_position > end:
            remedy = "send the log_position of an answer to a write"
            raise InvalidRequest(
                "wait_for_visible",
                f"{log_position} was never assigned, the log ends at {end}; {remedy}",
            )

    async def _end_beyond(self, log_position: int) -> int:
        """The end of the log. It is read only if the known one is too small.

        One call reads it at a time.
        """
        if log_position > self._end:
            async with self._asking:
                if log_position > self._end:
                    self._end = max(self._end, await self._log.end_offset(CATALOG))
        return self._end
