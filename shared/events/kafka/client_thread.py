"""A thread that makes a client of kafka-python and calls it."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from kafka.errors import KafkaError

from shared.errors import AisleError
from shared.events.kafka.client import meaning

_LOGGER = logging.getLogger(__name__)

Work = Callable[[Any], Any]  # the client -> the result
_Call = tuple[Future[Any], Callable[[], Any]]


class ClientThread:
    """Calls a client in order: makes it at the first call, and makes it anew after an error that stays.

    A call that never returns holds the thread. `abandon` leaves both behind. The thread is a daemon, so that it does
    not keep the process from ending.
    """

    def __init__(self, make: Callable[[], Any], address: str, close: Callable[[Any], None]) -> None:
        self._make, self._address, self._close_client = make, address, close
        self._client: Any = None
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()  # None: end
        Thread(target=self._run, name="kafka-session", daemon=True).start()

    def submit(self, work: Work) -> Future[Any]:
        """Call the client after all calls before this one. The future raises AisleErrors."""
        return self._submitted(lambda: work(self._made()))

    def renew(self) -> Future[Any]:
        """Close the client after all calls before this one; the next call makes another."""
        return self._submitted(self._drop)

    def stop(self) -> None:
        """End the thread after all calls before this one."""
        self._calls.put(None)

    def abandon(self, error: AisleError) -> None:
        """Fail all calls that wait, and close the client from another thread.

        To close the client often frees the call that hangs, and makes the client leave its group: a member that still
        sends heartbeats would keep its partitions.
        """
        while (call := self._waiting()) is not None:
            if call[0].set_running_or_notify_cancel():
                call[0].set_exception(error)
        self.stop()
        Thread(target=self._close_quietly, name="kafka-closing", daemon=True).start()

    def _waiting(self) -> _Call | None:
        try:
            return self._calls.get_nowait()
        except Empty:
            return None

    def _submitted(self, call: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._calls.put((future, call))
        return future

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            if call[0].set_running_or_notify_cancel():
                self._answer(*call)
        self._close_quietly()

    def _answer(self, future: Future[Any], call: Callable[[], Any]) -> None:
        try:
            future.set_result(call())
        except (KafkaError, OSError, RuntimeError) as error:
            if not getattr(error, "retriable", False):  # what passes, passes with the same client and its group
                self._close_quietly()
            future.set_exception(_caused(meaning(error, self._address), error))
        except BaseException as error:
            future.set_exception(error)

    def _made(self) -> Any:
        if self._client is None:
            self._client = self._make()
        return self._client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._close_client(client)

    def _close_quietly(self) -> None:
        try:
            self._drop()
        except Exception as error:  # it is given up either way
            _LOGGER.warning("a client of Kafka was not closed in order: %s", error)


def _caused(error: AisleError, cause: Exception) -> AisleError:
    error.__cause__ = cause
    return error
