"""A gRPC asyncio server that accepts calls promptly, and knows when each arrived.

grpc.aio requests one call of a method at a time, and the next one when that has begun. Each request
needs two threads and the event loop in turn, twice. On busy cores this takes milliseconds. Calls
that arrive faster wait unseen in the core: they cannot be refused in time, and their wait does not
count towards their deadline. This server requests several calls of each method ahead, and starts
each on arrival.

It uses private parts of grpc.aio; tests/contract/test_prompt_server.py fails when they change.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

from grpc import aio
from grpc._cython import cygrpc
from grpc.aio import _server

_AHEAD = 32  # calls of a method that are requested ahead

_arrived_at: ContextVar[float | None] = ContextVar("arrived_at", default=None)


def since_arrival_ms() -> float:
    """Milliseconds since the call of this task arrived.

    0 in a task that answers no call.
    """
    arrived_at = _arrived_at.get()
    return 0.0 if arrived_at is None else (time.perf_counter() - arrived_at) * 1e3


def prompt_server(interceptors: Sequence[aio.ServerInterceptor], options: Iterable[tuple[str, Any]]) -> Any:
    """An aio.Server, as aio.server() makes one, with prompt acceptance."""
    return _PromptServer(interceptors, options)


class _PromptServer(_server.Server):
    def __init__(
        self, interceptors: Sequence[aio.ServerInterceptor], options: Iterable[tuple[str, Any]]
    ) -> None:
        self._loop = cygrpc.get_working_loop()
        self._server = _CoreServer(self._loop, tuple(interceptors), tuple(options))


class _CoreServer(cygrpc.AioServer):  # type: ignore[misc]
    """Answers the calls of registered methods by itself, and leaves the others to the library."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        interceptors: tuple[Any, ...],
        options: tuple[Any, ...],
    ) -> None:
        super().__init__(loop, None, (), interceptors, options, None)
        self._own_loop = loop
        self._own_interceptors = interceptors
        self._handlers: dict[str, Any] = {}
        self._calls: set[asyncio.Task[None]] = set()

    def add_registered_method_handlers(self, handlers: dict[str, Any]) -> None:
        super().add_registered_method_handlers(handlers)
        self._handlers.update(handlers)

    def _make_request_call_future(self, method: bytes | None) -> asyncio.Future[Any]:
        """The future that the library awaits for the next call of a method.

        None stands for methods that are not registered.
        """
        if method is None:
            future: asyncio.Future[Any] = super()._make_request_call_future(None)
            return future
        name = method.decode()
        resolver = cygrpc._MethodResolver([], self._handlers)

        def begin(state: Any, context: contextvars.Context) -> None:
            loop = self._own_loop
            interceptors = self._own_interceptors
            answer = cygrpc._handle_rpc(name, resolver, interceptors, state, loop, False)
            task = loop.create_task(cygrpc._schedule_rpc_coro(answer, state, loop, name), context=context)
            self._calls.add(task)  # the loop holds it only weakly
            task.add_done_callback(self._calls.discard)

        return _MethodCalls(lambda: super(_CoreServer, self)._make_request_call_future(method), begin).ended


class _MethodCalls:
    """The calls of one method. `ended` receives the error that ends them."""

    def __init__(
        self,
        request: Callable[[], asyncio.Task[Any]],
        begin: Callable[[Any, contextvars.Context], None],
    ) -> None:
        self.ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._request = request
        self._begin = begin
        for _ in range(_AHEAD):
            self._request_ahead()

    def _request_ahead(self) -> None:
        self._request().add_done_callback(self._arrived)

    def _arrived(self, call: asyncio.Task[Any]) -> None:
        error = None if call.cancelled() else call.exception()
        if self.ended.done() or call.cancelled():
            return
        if error is not None:
            self.ended.set_exception(error)
            return
        context = contextvars.copy_context()
        context.run(_arrived_at.set, time.perf_counter())
        self._begin(call.result(), context)
        self._request_ahead()
