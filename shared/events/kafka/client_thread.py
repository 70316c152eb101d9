"""A thread that makes a client of kafka-python and calls it."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any

from kafka.errors import KafkaError

from shared.errors import AisleError
from shared.events.kafka.call_thread import CallThread
from shared.events.kafka.client import meaning

_LOG = logging.getLogger(__name__)


class ClientThread:
    """Calls a client in order.

    Makes it at the first call, and makes it anew after an error that stays.
    """

    def __init__(self, make: Callable[[], Any], address: str, close: Callable[[Any], None]) -> None:
        self._make = make
        self._address = address
        self._close_client = close
        self._client: Any = None
        self._thread = CallThread("kafka-session", self._close_quietly)

    def submit(self, work: Callable[[Any], Any]) -> Future[Any]:
        """Call the client after all calls before this one. The future raises AisleErrors."""
        return self._thread.submit(lambda: self._answer(lambda: work(self._made())))

    def renew(self) -> Future[Any]:
        """Close the client after all calls before this one; the next call makes another."""
        return self._thread.submit(lambda: self._answer(self._drop))

    def stop(self) -> None:
        """End the thread after all calls before this one."""
        self._thread.stop()

    def abandon(self, error: AisleError) -> None:
        """Fail all calls that wait, and close the client from another thread.

        To close the client often frees the call that hangs, and makes the client leave its group: a
        member that still sends heartbeats would keep its partitions.
        """
        self._thread.abandon(error)
        Thread(target=self._close_quietly, name="kafka-closing", daemon=True).start()

    def _answer(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (KafkaError, OSError, RuntimeError) as error:
            # What passes, passes with the same client and its group
            if not getattr(error, "retriable", False):
                self._close_quietly()
            raise meaning(error, self._address) from error

    def _made(self) -> Any:
        if self._client is None:
            self._client = self._make()
        return self._client

    def _drop(self) -> None:
        client = self._client
        self._client = None
        if client is not None:
            self._close_client(client)

    def _close_quietly(self) -> None:
        try:
            self._drop()
        except Exception as error:  # it is given up either way
            _LOG.warning("a client of Kafka was not closed in order: %s", error)
