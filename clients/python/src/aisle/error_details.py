"""What a failed call says to a program: the google.rpc details of its status."""

from contextlib import suppress
from typing import Any, Protocol

from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

DOMAIN = "aisle"  # of an ErrorInfo that Aisle has sent
DETAILS_KEY = "grpc-status-details-bin"
PUSHBACK_KEY = "grpc-retry-pushback-ms"


class FailedCall(Protocol):
    """What both of gRPC's APIs raise: grpc.RpcError of a call, and grpc.aio.AioRpcError."""

    def code(self) -> StatusCode: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> Any: ...


def details_of(failed: FailedCall) -> tuple[ErrorInfo, BadRequest, RetryInfo]:
    """The details of a failed call. They are empty if it has none, or none that can be read."""
    status = Status()
    found = (ErrorInfo(), BadRequest(), RetryInfo())
    for key, value in failed.trailing_metadata() or ():
        if key == DETAILS_KEY:
            with suppress(DecodeError):
                status.ParseFromString(value)
    for packed in status.details:
        with suppress(DecodeError):
            any(packed.Unpack(kind) for kind in found)
    return found
