"""What stands before every method of a server: limits on what comes in, and errors as statuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc
from grpc import aio

from shared import request_budget
from shared.errors import AisleError, InvalidRequest, Overloaded, shortened
from shared.request_budget import RequestBudget
from shared.request_limits import RequestLimit, limit_of
from shared.request_reader import RequestReader

Handler = Any  # grpc.RpcMethodHandler, which is generic in its stubs only
Context = Any  # the servicer's context, likewise
Parse = Callable[[bytes], Any]


class Guard(aio.ServerInterceptor):
    """Requests are limited by their method, and an AisleError leaves as its gRPC status.

    gRPC is told that every method takes a stream, so that each request is read here: not before its call is counted,
    and not for longer than the method's time. On the wire one message looks the same either way.
    """

    def __init__(self, budget: RequestBudget, limit_of: Callable[[str], RequestLimit] = limit_of) -> None:
        self._budget, self._limit_of = budget, limit_of
        self._guarded: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """The handler of the call, guarded."""
        name = handler_call_details.method
        if (guarded := self._guarded.get(name)) is not None:
            return guarded
        if (handler := await continuation(handler_call_details)) is None:
            return None
        method = _Method(name, handler.request_deserializer, self._limit_of(name), self._budget)
        coding = {"request_deserializer": method.reader.take, "response_serializer": handler.response_serializer}
        self._guarded[name] = _guard(handler, method, coding)
        return self._guarded[name]


class _Method:
    """One method of a server: its limits, and its calls of the moment."""

    def __init__(self, name: str, parse: Parse, limit: RequestLimit, budget: RequestBudget) -> None:
        """`name` is the full one, with slashes."""
        self._name, self._limit, self._budget = name.rpartition("/")[2], limit, budget
        self.reader = RequestReader(parse, limit, budget)
        self._calls = 0

    @asynccontextmanager
    async def call(self, context: Context) -> AsyncIterator[None]:
        """Count a call while the block runs. An AisleError ends it with its status, as does one call too many."""
        try:
            self._check()
            self._calls += 1
            try:
                request_budget.begin(self._budget)
                yield
            finally:
                self._calls -= 1
        except AisleError as error:
            # gRPC keeps what abort raises, and with it this error: without its traces, in which the request is.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            await context.abort(error.status, shortened(str(error)))

    def _check(self) -> None:
        if self._calls >= self._limit.at_once:
            raise Overloaded(f"{self._calls} calls of {self._name} are in work, which is the most; retry in a moment")

    @asynccontextmanager
    async def request(self, context: Context) -> AsyncIterator[Any]:
        """The one message of a call; its bytes are held while the block runs."""
        data = _taken(await self._first(context))
        with self._budget.holding(len(data)):
            yield await self.reader.read(data)

    async def _first(self, context: Context) -> Any:
        seconds = self._limit.read_seconds
        try:
            async with asyncio.timeout(seconds):
                taken = await context.read()
        except TimeoutError as error:
            raise InvalidRequest("request", f"did not arrive within {seconds:.0f} s; send it at once") from error
        if taken is aio.EOF:
            raise InvalidRequest("request", "is missing; send one message")
        return taken

    @asynccontextmanager
    async def requests(self, context: Context) -> AsyncIterator[AsyncIterator[Any]]:
        """The messages of a stream; whoever keeps them holds their bytes."""
        async with aclosing(self._messages(context)) as messages:
            yield messages

    async def _messages(self, context: Context) -> AsyncGenerator[Any, None]:
        while (taken := await context.read()) is not aio.EOF:
            data = _taken(taken)
            with self._budget.holding(len(data)):
                message = await self.reader.read(data)
            del data, taken
            yield message
            await self._budget.room()  # a stream is slowed down rather than refused


def _taken(taken: bytes | AisleError) -> bytes:
    if isinstance(taken, AisleError):
        raise taken
    return taken


def _guard(handler: Handler, method: _Method, coding: dict[str, Any]) -> Handler:
    read = method.requests if handler.request_streaming else method.request
    if handler.response_streaming:
        answer = handler.stream_stream or handler.unary_stream

        async def stream(_: Any, context: Context) -> None:
            async with method.call(context), read(context) as request:
                await _write_all(answer(request, context), context)

        return grpc.stream_stream_rpc_method_handler(stream, **coding)
    answer = handler.stream_unary or handler.unary_unary

    async def unary(_: Any, context: Context) -> Any:
        async with method.call(context), read(context) as request:
            return await answer(request, context)

    return grpc.stream_unary_rpc_method_handler(unary, **coding)


async def _write_all(answers: Any, context: Context) -> None:
    """Send what a method generates; one that writes by itself is awaited."""
    if not hasattr(answers, "__aiter__"):
        await answers
        return
    async with aclosing(answers):
        async for response in answers:
            await context.write(response)
