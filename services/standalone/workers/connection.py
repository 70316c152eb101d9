"""Calls in both directions between the first process and a page worker, over one pair of sockets.

A frame is a header (body length, call number, kind) and a body. gRPC would take ten times as long for
a call, which is a tenth of a page (docs/decisions/pages-in-several-processes.md).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from enum import IntEnum
from itertools import count
from struct import Struct
from typing import Self

from google.rpc.status_pb2 import Status

from services.standalone.workers.failures import from_status, status_of
from shared.errors import AisleError, Unavailable

_LOG = logging.getLogger(__name__)
_HEADER = Struct("<IIB")
_ENDED = "the other process has ended"


class Ended(Unavailable):
    """The other process has ended, and answers nothing more."""


class Kind(IntEnum):
    """Kinds of frames. The messages are those of protos/aisle/v1/worker.proto."""

    ANSWER = 0
    FAILURE = 1  # google.rpc.Status
    CANCEL = 2  # nobody waits for the answer any longer
    MAKE_PAGE = 3
    READ_FEATURES = 4
    GET_STATUS = 5


Answer = Callable[[bytes], Awaitable[bytes]]


class Connection(asyncio.Protocol):
    """One end. Both ends call and answer."""

    def __init__(self, answers: Mapping[Kind, Answer]) -> None:
        """`answers` to the other end's calls; they may raise AisleErrors."""
        self.ended = asyncio.Event()  # set once the other end is closed
        self._answers = answers
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}

    @classmethod
    async def over(cls, end: socket.socket, answers: Mapping[Kind, Answer]) -> Self:
        """A connection over one end of a pair of sockets."""
        connection = cls(answers)
        await asyncio.get_running_loop().create_unix_connection(lambda: connection, sock=end)
        return connection

    async def call(self, kind: Kind, body: bytes = b"") -> bytes:
        """The other end's answer. Raises its AisleError, and Ended if it has ended."""
        if self.ended.is_set():
            raise Ended(_ENDED)
        number = next(self._numbers) & 0xFFFFFFFF
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._send(number, kind, body)
        try:
            return await answer
        except asyncio.CancelledError:
            self._send(number, Kind.CANCEL)
            raise
        finally:
            del self._waiting[number]

    def close(self) -> None:
        """Close this end. The other end notices."""
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.ended.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Ended(_ENDED))
        for task in self._running.values():
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._received += data
        begin = 0
        while len(self._received) - begin >= _HEADER.size:
            length, number, kind = _HEADER.unpack_from(self._received, begin)
            end = begin + _HEADER.size + length
            if len(self._received) < end:
                break
            self._take(number, Kind(kind), bytes(self._received[begin + _HEADER.size : end]))
            begin = end
        del self._received[:begin]

    def _take(self, number: int, kind: Kind, body: bytes) -> None:
        if kind in self._answers:
            task = asyncio.get_running_loop().create_task(self._answer(number, kind, body))
            self._running[number] = task
            return
        if kind is Kind.CANCEL:
            if task_to_end := self._running.get(number):
                task_to_end.cancel()
            return
        answer = self._waiting.get(number)
        if answer is None or answer.done():  # its caller has left
            return
        if kind is Kind.FAILURE:
            answer.set_exception(from_status(Status.FromString(body)))
        else:
            answer.set_result(body)

    async def _answer(self, number: int, kind: Kind, body: bytes) -> None:
        try:
            self._send(number, Kind.ANSWER, await self._answers[kind](body))
        except AisleError as error:
            self._send(number, Kind.FAILURE, status_of(error).SerializeToString())
        except Exception as error:  # a defect; but the caller must receive an error
            _LOG.exception("%s failed", kind.name)
            failure = AisleError(f"{kind.name} failed ({type(error).__name__})")
            self._send(number, Kind.FAILURE, status_of(failure).SerializeToString())
        finally:
            del self._running[number]

    def _send(self, number: int, kind: Kind, body: bytes = b"") -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(_HEADER.pack(len(body), number, kind) + body)
