"""Guards every method of a server: limits requests, and turns errors into statuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

import grpc
from grpc import aio

from shared.errors import AisleError, InvalidRequest, Overloaded
from shared.rpc import request_budget
from shared.rpc.errors import to_status
from shared.rpc.request_budget import RequestBudget
from shared.rpc.request_limits import RequestLimit, limit_of
from shared.rpc.request_reader import RequestReader

Handler = Any  # grpc.RpcMethodHandler, which is generic in its stubs only
Context = Any  # the servicer's context, likewise
Parse = Callable[[bytes], Any]
Answer = Callable[[Any, Context], Awaitable[Any]]


class Guard(aio.ServerInterceptor):
    """Limits requests by their method, and turns an AisleError into its gRPC status.

    gRPC treats every method as taking a stream, so that each request is read by this class. A
    request is read only after its call is counted, and within the method's time. The wire format is
    the same either way.
    """

    def __init__(self, budget: RequestBudget, limit_of: Callable[[str], RequestLimit] = limit_of) -> None:
        self._budget = budget
        self._limit_of = limit_of
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
        coding = {
            "request_deserializer": method.reader.take,
            "response_serializer": handler.response_serializer,
        }
        self._guarded[name] = _guard(handler, method, coding)
        return self._guarded[name]


class _Method:
    """A method of a server: its limits, and its current calls."""

    def __init__(self, name: str, parse: Parse, limit: RequestLimit, budget: RequestBudget) -> None:
        """`name` is the full one, with slashes."""
        self._name = name.rpartition("/")[2]
        self._limit = limit
        self._budget = budget
        self.reader = RequestReader(parse, limit, budget)
        self._calls = 0

    async def run(self, work: Callable[[Context], Awaitable[Any]], context: Context) -> Any:
        """Run one call.

        An AisleError ends it with its status, and so does a call above the limit.
        """
        try:
            self._check()
            self._calls += 1
            try:
                request_budget.begin(self._budget)
                return await work(context)
            finally:
                self._calls -= 1
        except AisleError as error:
            # gRPC keeps the exception of abort, and with it this error. Its traces hold the
            # request, so they are dropped.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            await context.abort(*to_status(error))

    def _check(self) -> None:
        if self._calls >= self._limit.at_once:
            raise Overloaded(
                f"{self._calls} calls of {self._name} are running, which is the limit; retry in a moment"
            )

    async def with_request(self, answer: Answer, context: Context) -> Any:
        """The answer to a call's single message, whose bytes are counted meanwhile."""
        data = await self._first(context)
        self._budget.hold(len(data))
        try:
            return await answer(await self.reader.read(data), context)
        finally:
            self._budget.release(len(data))

    async def _first(self, context: Context) -> bytes:
        seconds = self._limit.read_seconds
        try:
            async with asyncio.timeout(seconds):
                taken = await context.read()
        except TimeoutError as error:
            raise InvalidRequest(
                "request", f"did not arrive within {seconds:.0f} s; send it at once"
            ) from error
        if taken is aio.EOF:
            raise InvalidRequest("request", "is missing; send one message")
        return _taken(taken)

    async def with_requests(self, answer: Answer, context: Context) -> Any:
        """The answer to the messages of a stream.

        Code that keeps messages must count their bytes.
        """
        async with aclosing(self._messages(context)) as messages:
            return await answer(messages, context)

    async def _messages(self, context: Context) -> AsyncGenerator[Any, None]:
        while (taken := await context.read()) is not aio.EOF:
            data = _taken(taken)
            with self._budget.holding(len(data)):
                message = await self.reader.read(data)
            del data, taken
            yield message
            await self._budget.room()  # a stream is slowed down instead of being refused


def _taken(taken: bytes | AisleError) -> bytes:
    if isinstance(taken, AisleError):
        raise taken
    return taken


def _guard(handler: Handler, method: _Method, coding: dict[str, Any]) -> Handler:
    with_input = method.with_requests if handler.request_streaming else method.with_request
    answer = handler.unary_unary or handler.stream_unary
    if handler.response_streaming:
        answer = partial(_write_all, handler.unary_stream or handler.stream_stream)
    work = partial(with_input, answer)

    async def guarded(_: Any, context: Context) -> Any:
        return await method.run(work, context)

    if handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler(guarded, **coding)
    return grpc.stream_unary_rpc_method_handler(guarded, **coding)


async def _write_all(answer: Callable[[Any, Context], Any], request: Any, context: Context) -> None:
    """Send the messages that a method yields. A method that writes by itself is awaited."""
    answers = answer(request, context)
    if not hasattr(answers, "__aiter__"):
        await answers
        return
    async with aclosing(answers):
        async for response in answers:
            await context.write(response)
