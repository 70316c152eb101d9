"""A thread that creates a kafka-python client and calls it."""

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
    """Calls a client, one call at a time.

    The client is made at the first call, and again after a lasting error.
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
        """Close the client after all calls before this one. The next call makes another."""
        return self._thread.submit(lambda: self._answer(self._drop))

    def stop(self) -> None:
        """Stop the thread after all calls before this one."""
        self._thread.stop()

    def abandon(self, error: AisleError) -> None:
        """Fail all waiting calls, and close the client from another thread.

        Closing often frees a call that hangs. It also makes the client leave its group: a member
        that still sends heartbeats would keep its partitions.
        """
        self._thread.abandon(error)
        Thread(target=self._close_quietly, name="kafka-closing", daemon=True).start()

    def _answer(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (KafkaError, OSError, RuntimeError) as error:
            # After a passing error the client keeps its membership of the group
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
        except Exception as error:  # the client is dropped in either case
            _LOG.warning("a client of Kafka was not closed properly: %s", error)
