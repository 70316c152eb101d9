"""Opens connections to the engine."""

from __future__ import annotations

import grpc
from grpc import aio

DEFAULT_ADDRESS = "localhost:50051"
DEFAULT_TIMEOUT_SECONDS = 30.0

_OPTIONS = [  # a broken connection is retried soon
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


def open_channel(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    """A channel for blocking calls. Without credentials it is not encrypted."""
    if credentials is None:
        return grpc.insecure_channel(address, options=_OPTIONS)
    return grpc.secure_channel(address, credentials, options=_OPTIONS)


def open_async_channel(address: str, credentials: grpc.ChannelCredentials | None) -> aio.Channel:
    """A channel for asyncio. Without credentials it is not encrypted."""
    if credentials is None:
        return aio.insecure_channel(address, options=_OPTIONS)
    return aio.secure_channel(address, credentials, options=_OPTIONS)
