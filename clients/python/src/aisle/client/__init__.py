"""Typed clients of a running Aisle engine: `Client` blocks, `AsyncClient` is for asyncio."""

from aisle.client.async_client import AsyncClient
from aisle.client.errors import (
    AisleError,
    DeadlineExceeded,
    FieldViolation,
    InvalidRequest,
    NotFound,
    Overloaded,
    StorageFull,
    Unavailable,
)
from aisle.client.retries import RetryPolicy
from aisle.client.sync_client import Client
from aisle.client.write_result import WriteResult

__all__ = [
    "AisleError",
    "AsyncClient",
    "Client",
    "DeadlineExceeded",
    "FieldViolation",
    "InvalidRequest",
    "NotFound",
    "Overloaded",
    "RetryPolicy",
    "StorageFull",
    "Unavailable",
    "WriteResult",
]
