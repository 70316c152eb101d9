"""A client of kafka-python behind the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from kafka.errors import KafkaError

from shared.errors import Unavailable
from shared.events.kafka.client import meaning

Result = TypeVar("Result")


class KafkaSession:
    """A client that blocks, in a thread of its own: made at its first use, and anew after an error that stays."""

    def __init__(self, make: Callable[[], Any], address: str, close: Callable[[Any], None]) -> None:
        self._make, self._address, self._close_client = make, address, close
        self._client: Any = None  # belongs to the thread
        self._thread = ThreadPoolExecutor(1, "kafka-session")
        self._closed = False

    async def use(self, work: Callable[[Any], Result]) -> Result:
        """What `work` makes of the client, after all that was asked before. Raises Unavailable."""
        if self._closed:
            raise Unavailable("the event log is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._use, work)

    async def close(self) -> None:
        """Close the client after all that was asked before."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
            self._thread.shutdown()

    def _use(self, work: Callable[[Any], Result]) -> Result:
        try:
            if self._client is None:
                self._client = self._make()
            return work(self._client)
        except (KafkaError, OSError, RuntimeError) as error:
            if not getattr(error, "retriable", False):  # what passes, passes with the same client and its group
                self._drop()
            raise meaning(error, self._address) from error

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._close_client(client)
