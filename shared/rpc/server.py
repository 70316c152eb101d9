"""Serves servicers on a port."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from shared.listening import LOOPBACK, addresses_of
from shared.rpc import gone_callers
from shared.rpc.channels import MESSAGE_BYTES
from shared.rpc.descriptors import DescriptorWatch
from shared.rpc.guard import Guard
from shared.rpc.prompt_server import prompt_server
from shared.rpc.request_budget import RequestBudget
from shared.rpc.request_limits import calls_a_connection, largest_bytes

# A generated add_XServicer_to_server, with its servicer
Register = Callable[[Any, aio.Server], None]

# An idle connection is closed after this time; clients reconnect by themselves
_IDLE_MS = 600_000
_IDENTITY_AND_GZIP = 0b101  # bits of gRPC's algorithms: none, deflate, gzip
_SERVER_OPTIONS = [
    # A connection without an answer to pings is closed, because it holds a descriptor
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    # Bytes of all connections, above which gRPC cancels calls of any of them
    ("grpc.server.max_pending_requests", 5_000),
    ("grpc.server.max_pending_requests_hard_limit", 10_000),
    # shared/rpc/request_reader.py decompresses, with a limit
    ("grpc.per_message_decompression", 0),
    ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_AND_GZIP),
    # A second server on a port fails, instead of silently receiving half of the calls
    ("grpc.so_reuseport", 0),
    # Allows connect_replica's pings, and two at once after a pause
    ("grpc.http2.max_ping_strikes", 0),
]


def _options(services: Sequence[str]) -> list[tuple[str, int]]:
    """The channel options of a server of the services."""
    return [
        ("grpc.max_receive_message_length", largest_bytes(services)),
        # Calls that were reset count until they are forgotten. So a caller that begins and resets
        # calls without end (CVE-2023-44487) fills neither the memory nor the queue of pending
        # calls.
        ("grpc.max_concurrent_streams", calls_a_connection(services)),
        ("grpc.max_connection_idle_ms", _IDLE_MS),
        *_SERVER_OPTIONS,
    ]


class Server:
    """A gRPC server with health and reflection. `port` 0 takes a free port."""

    def __init__(
        self, services: Iterable[tuple[str, Register, Any]], port: int, host: str = LOOPBACK
    ) -> None:
        """`services` are (full name, generated register function, servicer).

        Raises SystemExit if the port cannot be opened.
        """
        gone_callers.leave_out()
        services = list(services)
        options = _options([name for name, _, _ in services])
        self._server = prompt_server([Guard(RequestBudget())], options)
        self._health = health.aio.HealthServicer()
        self._names = ["", *self._register(services)]
        self.port = self._bind(host, port)
        self._watch: asyncio.Task[None] | None = None

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
        # The first address picks a free port, the others use the same one
        for address in addresses_of(host):
            port = self._open(address, port)
        return port

    def _open(self, host: str, port: int) -> int:
        try:
            bound: int = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            reason = "is another server running on it? Stop that one, or take another port"
            raise SystemExit(f"port {port} on {host} cannot be opened; {reason}") from error
        return bound

    async def start(self, serving: bool = True) -> None:
        """Accept calls, and report to health checks whether they are answered."""
        await self._server.start()
        self._watch = asyncio.create_task(DescriptorWatch().run())
        await self.report(serving)

    async def report(self, serving: bool, *names: str) -> None:
        """Report to health checks whether calls are answered.

        Applies to the named services, or to all of them and the process.
        """
        status = (
            health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in names or self._names:
            await self._health.set(name, status)

    async def stop(self, grace_seconds: float = 5) -> None:
        """Report the end to health checks, then let running calls finish for at most
        `grace_seconds`.
        """
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)
        if self._watch:
            self._watch.cancel()

    async def run(self, ready: Coroutine[Any, Any, Any], *work: Coroutine[Any, Any, None]) -> None:
        """Serve until SIGTERM or SIGINT, while `work` runs.

        Health checks report SERVING once `ready` is set. An error in `work` ends the server.
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
    """An event that SIGTERM or SIGINT sets. They no longer end the process by themselves."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    return ended
