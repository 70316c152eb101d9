"""Connects to servers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from grpc import aio

from shared.rpc.errors import from_call

MESSAGE_BYTES = 32 * 1024 * 1024
OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
]
PROMPT = [  # a broken connection is retried within a second
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]
_PING_MS = 1_000  # between two pings of a connection to a replica
# Without an answer the connection is closed: the process hangs, or the network is down
_PONG_MS = 2_000
_REPLICA_OPTIONS = [
    *OPTIONS,
    ("grpc.keepalive_time_ms", _PING_MS),
    ("grpc.keepalive_timeout_ms", _PONG_MS),
    # This is the limit for pings during calls; it is a minute by default
    ("grpc.http2.ping_timeout_ms", _PONG_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    *PROMPT,
    ("grpc.enable_http_proxy", 0),
]


class StatusAsError(aio.UnaryUnaryClientInterceptor):
    """On the client side, turns a gRPC status into the AisleError that it was made from."""

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Wait for the call and translate its error."""
        call = await continuation(client_call_details, request)
        try:
            return await call
        except aio.AioRpcError as error:
            raise from_call(error) from error


def connect(address: str, options: Sequence[tuple[str, int]] = ()) -> aio.Channel:
    """A channel to `address` whose unary calls raise AisleErrors.

    `options` are gRPC's, in addition to ours.
    """
    return aio.insecure_channel(address, interceptors=[StatusAsError()], options=[*OPTIONS, *options])


def connect_replica(address: str, service: str) -> aio.Channel:
    """A channel to one process.

    It is READY only while the process reports that it serves `service` (its full name). It
    reconnects by itself, and sends pings. Calls on it raise grpc.aio.AioRpcErrors.
    """
    # Only round_robin watches health (gRFC A17), even with a single address.
    config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": service},
    }
    return aio.insecure_channel(
        address, options=[*_REPLICA_OPTIONS, ("grpc.service_config", json.dumps(config))]
    )
