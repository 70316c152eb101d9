"""The errors that a client raises, with the details that the server sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grpc import StatusCode

from aisle.error_details import DOMAIN, PUSHBACK_KEY, FailedCall, details_of

if TYPE_CHECKING:
    from aisle.client.write_result import WriteResult
    from aisle.v1.events_pb2 import UserEvent


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of the request that must be changed."""

    field: str
    description: str  # the fault and the remedy


@dataclass(eq=False)
class AisleError(Exception):
    """A call failed. This is the base of all errors that a client raises.

    `retry_after_seconds` is None if a retry does not help. After a failed upsert or delete,
    `written` holds the result of the batches before it. After a failed stream of events,
    `unacknowledged` holds the events taken from the caller without an acknowledgement.
    """

    message: str = ""
    code: StatusCode = StatusCode.UNKNOWN
    reason: str = ""  # such as "OVERLOADED"; empty if the server did not answer
    field_violations: tuple[FieldViolation, ...] = ()
    retry_after_seconds: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    written: WriteResult | None = None
    unacknowledged: Sequence[UserEvent] = ()

    def __str__(self) -> str:
        return self.message


class InvalidRequest(AisleError):
    """The request must be changed. `field_violations` name the fields."""


class NotFound(AisleError):
    """The product does not exist."""


class Overloaded(AisleError):
    """The server is overloaded. Try again after the pause."""


class StorageFull(AisleError):
    """The server's disk is full."""


class Unavailable(AisleError):
    """The server, or a part of it, is down or late. Try again later."""


class DeadlineExceeded(AisleError):
    """The time for the call has passed. A write may have been made."""


_BY_REASON = {
    "INVALID_REQUEST": InvalidRequest,
    "NOT_FOUND": NotFound,
    "OVERLOADED": Overloaded,
    "STORAGE_FULL": StorageFull,
    "UNAVAILABLE": Unavailable,
}
_BY_CODE = {
    StatusCode.INVALID_ARGUMENT: InvalidRequest,
    StatusCode.NOT_FOUND: NotFound,
    StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    StatusCode.UNAVAILABLE: Unavailable,
    StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
}


def from_call(failed: FailedCall) -> AisleError:
    """The error of a failed call."""
    info, bad, retry = details_of(failed)
    kind = _BY_REASON.get(info.reason) if info.domain == DOMAIN else _BY_CODE.get(failed.code())
    delay = (
        retry.retry_delay.ToTimedelta().total_seconds()
        if retry.HasField("retry_delay")
        else _pushback(failed)
    )
    return (kind or AisleError)(
        message=failed.details() or failed.code().name,
        code=failed.code(),
        reason=info.reason,
        field_violations=tuple(FieldViolation(each.field, each.description) for each in bad.field_violations),
        retry_after_seconds=delay,
        metadata=dict(info.metadata),
    )


def _pushback(failed: FailedCall) -> float | None:
    """The pause that gRPC's own header asks for."""
    header = _pushback_header(failed)
    return int(header) / 1e3 if header.isdecimal() else None


def forbids_retry(failed: FailedCall) -> bool:
    """Whether gRPC's own header forbids a retry, by a negative number."""
    header = _pushback_header(failed)
    return bool(header) and not header.isdecimal()


def _pushback_header(failed: FailedCall) -> str:
    trailing = failed.trailing_metadata() or ()
    return next((str(value) for key, value in trailing if key == PUSHBACK_KEY), "")
