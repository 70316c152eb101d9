"""The errors that cross a service boundary; shared/rpc/errors.py has their gRPC statuses and details.

AisleError          INTERNAL             a defect of ours
+- InvalidRequest   INVALID_ARGUMENT     the caller must change the request; `field` names what
+- NotFound         NOT_FOUND            there is no such thing
+- SnapshotGone     FAILED_PRECONDITION  the snapshot is no longer served; ask for the current one
+- Corrupt          DATA_LOSS            a file is not what its manifest says; restore or rebuild it
|  +- LogBehind     DATA_LOSS            a snapshot contains more of the log than there is
+- StorageFull      RESOURCE_EXHAUSTED   no room on the disk; free some
+- Unavailable      UNAVAILABLE          a dependency is down or late; retry or degrade   (retriable)
+- Overloaded       RESOURCE_EXHAUSTED   the queue is full; back off, then retry          (retriable)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

MOST_BYTES = 1_000  # of a message that is told
_NOTHING: Mapping[str, str] = MappingProxyType({})


class AisleError(Exception):
    """Base of every error that crosses a service boundary."""

    retry_after_ms: int | None = None  # the pause before a retry, where it is known
    metadata: Mapping[str, str] = _NOTHING  # for programs: what the message says in words

    def extended(self, words: str, **metadata: str) -> Self:
        """The same error with more words at the end of its message, and with more metadata.

        A copy: several callers may hold one error.
        """
        other = type(self).__new__(type(self), f"{self}{words}")
        other.__dict__.update(self.__dict__)
        other.metadata = {**self.metadata, **metadata}
        return other


class InvalidRequest(AisleError):
    """The caller must change the request. The message starts with the field at fault."""

    def __init__(self, field: str, reason: str = "") -> None:
        super().__init__(f"{field}: {reason}" if reason else field)
        self.field = field
        self.reason = reason

    def extended(self, words: str, **metadata: str) -> Self:
        """See AisleError.extended; the reason has the words, too."""
        other = super().extended(words, **metadata)
        other.reason += words
        return other


class NotFound(AisleError):
    pass


class SnapshotGone(AisleError):
    pass


class Corrupt(AisleError):
    pass


class LogBehind(Corrupt):
    """A log ends before what a snapshot contains of it."""


class Unavailable(AisleError):
    pass


class Overloaded(AisleError):
    pass


class StorageFull(AisleError):
    pass


def shortened(message: str, most_bytes: int = MOST_BYTES) -> str:
    """A message without its middle where it is long.

    The field at its start and the remedy at its end stay.

    A value of the caller's makes it long. A status travels in a header, with three bytes for each
    that is not ASCII, and a header of more than 8 KiB is refused on the way, with the status in it.
    """
    encoded = message.encode(errors="replace")
    if len(encoded) <= most_bytes:
        return encoded.decode()
    half = most_bytes // 2
    return f"{encoded[:half].decode(errors='ignore')} ... {encoded[-half:].decode(errors='ignore')}"
