"""A kafka-python client for use from the event loop."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from shared.errors import Unavailable
from shared.events.kafka.client_thread import ClientThread

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
# Our calls have limits of a few seconds, but kafka-python waits for its own thread without one:
# its calls can hang forever (kafka-python issue 3121). A call is abandoned after this time, which
# is longer than a busy machine or a slow broker needs.
_LIMIT_SECONDS = 20.0


class KafkaSession:
    """A blocking client in a thread of its own.

    The client is made at its first use, and again after a lasting error. If a call does not return,
    the client and its thread are abandoned, and the next call has new ones.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        address: str,
        close: Callable[[Any], None],
        limit_seconds: float = _LIMIT_SECONDS,
    ) -> None:
        self._new_thread = partial(ClientThread, make, address, close)
        self._address = address
        self._limit_seconds = limit_seconds
        self._thread: ClientThread | None = None
        self._closed = False

    async def use(self, work: Callable[[Any], Result]) -> Result:
        """The result of `work` on the client, after all earlier requests. Raises Unavailable."""
        result: Result = await self._ask(lambda thread: thread.submit(work))
        return result

    async def renew(self) -> None:
        """Close the client after all earlier requests. The next call makes another.

        Raises Unavailable.
        """
        await self._ask(ClientThread.renew)

    async def close(self) -> None:
        """Close the client after all earlier requests."""
        self._closed = True
        thread = self._thread
        self._thread = None
        if thread is None:
            return
        try:
            async with asyncio.timeout(self._limit_seconds):
                await asyncio.wrap_future(thread.renew())
        except (TimeoutError, Unavailable) as error:
            _LOG.warning("the client of Kafka at %s was not closed properly: %r", self._address, error)
        thread.stop()

    async def _ask(self, ask: Callable[[ClientThread], Future[Any]]) -> Any:
        if self._closed:
            raise Unavailable("the event log is closed")
        thread = self._thread = self._thread or self._new_thread()
        try:
            async with asyncio.timeout(self._limit_seconds):
                return await asyncio.wrap_future(ask(thread))
        except TimeoutError as error:
            raise self._abandoned(thread) from error

    def _abandoned(self, thread: ClientThread) -> Unavailable:
        reason = (
            f"the client of Kafka at {self._address} has not returned "
            f"from a call for {self._limit_seconds:.0f} s"
        )
        error = Unavailable(f"{reason}; a new one is made")
        if thread is self._thread:
            _LOG.error("%s", error)
            self._thread = None
            thread.abandon(error)
        return error
