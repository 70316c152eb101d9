"""The errors that cross a service boundary; each has its gRPC status and says whether a retry can help.

AisleError              INTERNAL             a defect of ours
+- InvalidRequest       INVALID_ARGUMENT     the caller must change the request; `field` names what
+- NotFound             NOT_FOUND            there is no such thing
+- SnapshotGone         FAILED_PRECONDITION  the snapshot asked for is no longer served; ask for the current one
+- Corrupt              DATA_LOSS            a file is not what its manifest says; restore or rebuild it
|  +- LogBehind         DATA_LOSS            a snapshot contains more of the log than there is; see docs/operations.md
+- StorageFull          RESOURCE_EXHAUSTED   no room on the disk; free some
+- Unavailable          UNAVAILABLE          a dependency is down or late; retry or degrade   (retriable)
+- Overloaded           RESOURCE_EXHAUSTED   the queue is full; back off, then retry          (retriable)
"""

from typing import ClassVar

import grpc

MOST_BYTES = 1_000  # of a message that is told


class AisleError(Exception):
    """Base of every error that crosses a service boundary."""

    status: ClassVar[grpc.StatusCode] = grpc.StatusCode.INTERNAL
    retriable: ClassVar[bool] = False


class InvalidRequest(AisleError):
    """The caller must change the request. The message starts with the field at fault."""

    status = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, field: str, reason: str = "") -> None:
        super().__init__(f"{field}: {reason}" if reason else field)
        self.field, self.reason = field, reason


class NotFound(AisleError):
    status = grpc.StatusCode.NOT_FOUND


class SnapshotGone(AisleError):
    status = grpc.StatusCode.FAILED_PRECONDITION


class Corrupt(AisleError):
    status = grpc.StatusCode.DATA_LOSS


class LogBehind(Corrupt):
    """A log ends before what a snapshot contains of it."""


class Unavailable(AisleError):
    status = grpc.StatusCode.UNAVAILABLE
    retriable = True


class Overloaded(AisleError):
    status = grpc.StatusCode.RESOURCE_EXHAUSTED
    retriable = True


class StorageFull(AisleError):
    status = grpc.StatusCode.RESOURCE_EXHAUSTED


def shortened(message: str, most_bytes: int = MOST_BYTES) -> str:
    """A message without its middle where it is long: the field at its start and the remedy at its end stay.

    A value of the caller's makes it long. A status travels in a header, with three bytes for each that is not ASCII,
    and a header of more than 8 KiB is refused on the way, with the status in it.
    """
    encoded = message.encode(errors="replace")
    if len(encoded) <= most_bytes:
        return message
    half = most_bytes // 2
    return f"{encoded[:half].decode(errors='ignore')} ... {encoded[-half:].decode(errors='ignore')}"


def from_status(code: grpc.StatusCode, message: str) -> AisleError:
    """The error that a status was made from; a deadline that passed counts as Unavailable."""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unavailable(message)
    return next((kind(message) for kind in AisleError.__subclasses__() if kind.status is code), AisleError(message))
