"""Converts AisleErrors to gRPC statuses and back.

Class, field, retry pause and metadata are the same on both sides.

The code and the message are for people. The details (google.rpc.Status in
`grpc-status-details-bin`) are for programs: ErrorInfo names the class, BadRequest the field,
RetryInfo the pause before a retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from aisle.error_details import DETAILS_KEY, DOMAIN, PUSHBACK_KEY, FailedCall, details_of
from shared.errors import (
    AisleError,
    Corrupt,
    InvalidRequest,
    LogBehind,
    NotFound,
    Overloaded,
    SnapshotGone,
    StorageFull,
    Unavailable,
    shortened,
)

_MOST_FIELD_BYTES = 300  # the longest field name in the details


@dataclass(frozen=True, slots=True)
class _OnWire:
    """The wire format of a class of errors."""

    code: StatusCode
    reason: str  # in ErrorInfo
    pause_ms: int | None = None  # default pause before a retry


_ON_WIRE: Mapping[type[AisleError], _OnWire] = {
    AisleError: _OnWire(StatusCode.INTERNAL, "INTERNAL"),
    InvalidRequest: _OnWire(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
    NotFound: _OnWire(StatusCode.NOT_FOUND, "NOT_FOUND"),
    SnapshotGone: _OnWire(StatusCode.FAILED_PRECONDITION, "SNAPSHOT_GONE"),
    Corrupt: _OnWire(StatusCode.DATA_LOSS, "CORRUPT"),
    LogBehind: _OnWire(StatusCode.DATA_LOSS, "LOG_BEHIND"),
    Unavailable: _OnWire(StatusCode.UNAVAILABLE, "UNAVAILABLE", pause_ms=500),
    Overloaded: _OnWire(StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", pause_ms=200),
    StorageFull: _OnWire(StatusCode.RESOURCE_EXHAUSTED, "STORAGE_FULL"),
}
_BY_REASON = {each.reason: kind for kind, each in _ON_WIRE.items()}
# The first class of a code counts
_BY_CODE = {each.code: kind for kind, each in reversed(list(_ON_WIRE.items()))}
_BY_CODE[StatusCode.DEADLINE_EXCEEDED] = Unavailable


def to_status(error: AisleError) -> tuple[StatusCode, str, tuple[tuple[str, str | bytes], ...]]:
    """Code, message and trailing metadata of an error.

    Most of it is cached, so that an overloaded server can send it cheaply.
    """
    kind = _kind_of(type(error))
    message = shortened(str(error))
    pause_ms = error.retry_after_ms
    if error.metadata or kind is InvalidRequest:
        details = _details(kind, pause_ms, error.metadata, *_violations(error))
    else:
        details = _kept_details(_ON_WIRE[kind].reason, pause_ms)
    # Protobuf messages are merged by joining their bytes, so that only the text is serialised each
    # time.
    status = Status(message=message).SerializeToString() + details
    pushback = () if pause_ms is None else ((PUSHBACK_KEY, str(pause_ms)),)
    return _ON_WIRE[kind].code, message, (*pushback, (DETAILS_KEY, status))


def from_call(failed: FailedCall) -> AisleError:
    """The error that a failed call carries.

    Without details, the code alone decides. An exceeded deadline becomes Unavailable.
    """
    info, bad, retry = details_of(failed)
    kind = _BY_REASON.get(info.reason) if info.domain == DOMAIN else None
    error = _error(kind or _BY_CODE.get(failed.code(), AisleError), failed.details() or "", bad)
    if retry.HasField("retry_delay"):
        pause_ms = retry.retry_delay.ToMilliseconds()
        error.retry_after_ms = None if pause_ms == _ON_WIRE[type(error)].pause_ms else pause_ms
    if info.domain == DOMAIN and info.metadata:
        error.metadata = dict(info.metadata)
    return error


def _kind_of(kind: type[AisleError]) -> type[AisleError]:
    """The class that is sent for an error: its own, or its nearest base class in the table."""
    return next(each for each in kind.__mro__ if each in _ON_WIRE)


@lru_cache(maxsize=1024)
def _kept_details(reason: str, pause_ms: int | None) -> bytes:
    return _details(_BY_REASON[reason], pause_ms)


def _details(
    kind: type[AisleError],
    pause_ms: int | None,
    metadata: Mapping[str, str] | None = None,
    *more: Message,
) -> bytes:
    """A google.rpc.Status without its message, serialised."""
    on_wire = _ON_WIRE[kind]
    details: list[Message] = [
        ErrorInfo(reason=on_wire.reason, domain=DOMAIN, metadata=metadata),
        *more,
    ]
    if (delay_ms := on_wire.pause_ms if pause_ms is None else pause_ms) is not None:
        delay = Duration()
        delay.FromMilliseconds(delay_ms)
        details.append(RetryInfo(retry_delay=delay))
    code: int = on_wire.code.value[0]
    serialized: bytes = Status(code=code, details=map(_packed, details)).SerializeToString()
    return serialized


def _violations(error: AisleError) -> list[BadRequest]:
    if not isinstance(error, InvalidRequest):
        return []
    violation = BadRequest.FieldViolation(
        field=shortened(error.field, _MOST_FIELD_BYTES), description=shortened(error.reason)
    )
    return [BadRequest(field_violations=[violation])]


def _packed(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


def _error(kind: type[AisleError], message: str, bad: BadRequest) -> AisleError:
    if kind is not InvalidRequest or not bad.field_violations:
        return kind(message)
    violation = bad.field_violations[0]
    error = InvalidRequest(violation.field, violation.description)
    error.args = (message,)  # the constructor would cut a long text again
    return error
