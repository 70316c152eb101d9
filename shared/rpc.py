"""Serve servicers on a port, and reach one at an address."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from shared.errors import AisleError, InvalidRequest, from_status

Register = Callable[[Any, aio.Server], None]  # a generated add_XServicer_to_server, with its servicer
Handler = Any  # grpc.RpcMethodHandler, which is generic in its stubs only

MESSAGE_BYTES = 32 * 1024 * 1024
OPTIONS = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
_PING_MS = 1_000  # between two pings of a connection to a replica
_PONG_MS = 2_000  # without an answer the connection is given up: the process stands still, or the network is gone
_REPLICA_OPTIONS = [
    *OPTIONS,
    ("grpc.keepalive_time_ms", _PING_MS),
    ("grpc.keepalive_timeout_ms", _PONG_MS),
    ("grpc.http2.ping_timeout_ms", _PONG_MS),  # the one that counts for pings beside calls; a minute otherwise
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
]
_SERVER_OPTIONS = [
    *OPTIONS,
    ("grpc.so_reuseport", 0),  # a second server on a port is refused, not silently given half of the calls
    ("grpc.http2.max_ping_strikes", 0),  # connect_replica's pings are welcome, and two at once after a pause
]


class RaiseAsStatus(aio.ServerInterceptor):
    """Server side: an AisleError leaves as its gRPC status, from unary and streaming calls alike."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wrap the handler of the call."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_deserializer is None:  # health and reflection guard themselves
            return handler
        wrapped: dict[str, Any] = {
            "request_deserializer": _reader(handler.request_deserializer),
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(_guard_unary(handler.unary_unary), **wrapped)
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(_guard_unary(handler.stream_unary), **wrapped)
        if handler.stream_stream:
            return grpc.stream_stream_rpc_method_handler(_guard_stream(handler.stream_stream), **wrapped)
        return handler


@dataclass(frozen=True)
class _Unreadable:
    """Stands for a message that is none, until there is somebody to be told."""

    reason: str


def _reader(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError as error:
            return _Unreadable(f"cannot be read ({error}); send a message of this type, with texts in valid UTF-8")

    return read


def _readable(request: Any) -> Any:
    """The message, or the stream of messages. Raises InvalidRequest where one cannot be read."""
    if isinstance(request, _Unreadable):
        raise InvalidRequest("request", request.reason)
    return _all_readable(request) if hasattr(request, "__aiter__") else request


async def _all_readable(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _readable(request)


def _guard_unary(method: Any) -> Any:
    async def guarded(request: Any, context: aio.ServicerContext[Any, Any]) -> Any:
        try:
            return await method(_readable(request), context)
        except AisleError as error:
            await context.abort(error.status, str(error))

    return guarded


def _guard_stream(method: Any) -> Any:
    async def guarded(requests: Any, context: aio.ServicerContext[Any, Any]) -> Any:
        try:
            async for response in method(_readable(requests), context):
                yield response
        except AisleError as error:
            await context.abort(error.status, str(error))

    return guarded


class StatusAsError(aio.UnaryUnaryClientInterceptor):
    """Client side: a gRPC status arrives as the AisleError it was made from."""

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Wait for the call and translate its failure."""
        call = await continuation(client_call_details, request)
        try:
            return await call
        except aio.AioRpcError as error:
            raise from_status(error.code(), error.details() or "") from error


def connect(address: str) -> aio.Channel:
    """A channel to `address` whose unary calls raise AisleErrors."""
    return aio.insecure_channel(address, interceptors=[StatusAsError()], options=OPTIONS)


def connect_replica(address: str, service: str) -> aio.Channel:
    """A channel to one process that is READY only while the process says that it serves `service` (its full name).

    It connects again by itself, and pings. Calls on it raise grpc.aio.AioRpcErrors.
    """
    # Only round_robin, even among one, watches health (gRFC A17).
    config = {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": service}}
    return aio.insecure_channel(address, options=[*_REPLICA_OPTIONS, ("grpc.service_config", json.dumps(config))])


class Server:
    """A gRPC server with health and reflection; `port` 0 takes a free one."""

    def __init__(self, services: Iterable[tuple[str, Register, Any]], port: int, host: str = "[::]") -> None:
        """`services` are (full name, generated register function, servicer)."""
        self._server = aio.server(interceptors=[RaiseAsStatus()], options=_SERVER_OPTIONS)
        self._health = health.aio.HealthServicer()
        self._names = ["", *self._register(services)]
        self.port = self._bind(host, port)

    def _register(self, services: Iterable[tuple[str, Register, Any]]) -> list[str]:
        names = []
        for name, register, servicer in services:
            register(servicer, self._server)
            names.append(name)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        visible = [*names, health.SERVICE_NAME, reflection.SERVICE_NAME]
        reflection.enable_server_reflection(visible, self._server)
        return names

    def _bind(self, host: str, port: int) -> int:
        try:
            return self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            reason = "is another server running on it? Stop that one, or take another port"
            raise SystemExit(f"port {port} on {host} cannot be opened; {reason}") from error

    async def start(self, serving: bool = True) -> None:
        """Accept calls, and say to health checks whether they will be answered."""
        await self._server.start()
        await self.report(serving)

    async def report(self, serving: bool, *names: str) -> None:
        """Tell health checks whether calls are answered; of the services named, or of all and the process."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in names or self._names:
            await self._health.set(name, status)

    async def stop(self, grace_seconds: float = 5) -> None:
        """Tell health checks, then finish the calls in flight for at most `grace_seconds`."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)

    async def run(self, ready: Coroutine[Any, Any, Any], *work: Coroutine[Any, Any, None]) -> None:
        """Serve until SIGTERM or SIGINT, with `work` beside it; health checks are told once `ready` has come.

        Work that fails ends all of it.
        """

        async def healthy_once_ready() -> None:
            await ready
            await self.report(serving=True)

        ended = asked_to_end()
        await self.start(serving=False)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in (*work, healthy_once_ready())]
            await ended.wait()
            await self.stop()
            for task in tasks:
                task.cancel()


def asked_to_end() -> asyncio.Event:
    """Set once SIGTERM or SIGINT comes, which from now on do not end the process by themselves."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    return ended
