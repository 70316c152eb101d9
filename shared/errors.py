"""The errors that cross a service boundary; shared/rpc/errors.py has their gRPC statuses and details.

AisleError          INTERNAL             a defect of ours
+- InvalidRequest   INVALID_ARGUMENT     the caller must change `field` of the request
+- NotFound         NOT_FOUND            the requested item does not exist
+- SnapshotGone     FAILED_PRECONDITION  the snapshot is no longer served; ask for the current one
+- Corrupt          DATA_LOSS            a file does not match its manifest; restore or rebuild it
|  +- LogBehind     DATA_LOSS            a snapshot contains more records than the log
+- StorageFull      RESOURCE_EXHAUSTED   no room on the disk; free some space
+- Unavailable      UNAVAILABLE          a dependency is down or late; retry or degrade   (retriable)
+- Overloaded       RESOURCE_EXHAUSTED   the queue is full; back off, then retry          (retriable)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

MOST_BYTES = 1_000  # of a message that is sent
_NOTHING: Mapping[str, str] = MappingProxyType({})


class AisleError(Exception):
    """The base of all errors that cross a service boundary."""

    retry_after_ms: int | None = None  # the pause before a retry, if known
    metadata: Mapping[str, str] = _NOTHING  # the facts of the message, for programs

    def extended(self, words: str, **metadata: str) -> Self:
        """The same error with text added to its message, and with more metadata.

        Returns a copy, because several callers may hold one error.
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
        """See AisleError.extended. The text is added to the reason, too."""
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
    """A snapshot contains more records of a log than the log has."""


class Unavailable(AisleError):
    pass


class Overloaded(AisleError):
    pass


class StorageFull(AisleError):
    pass


def shortened(message: str, most_bytes: int = MOST_BYTES) -> str:
    """A long message without its middle.

    The field at its start and the remedy at its end stay.

    Quoted input can make a message long. A status travels in a header, with three bytes for each
    non-ASCII byte. Proxies refuse headers of more than 8 KiB, and the status would be lost.
    """
    encoded = message.encode(errors="replace")
    if len(encoded) <= most_bytes:
        return encoded.decode()
    half = most_bytes // 2
    return f"{encoded[:half].decode(errors='ignore')} ... {encoded[-half:].decode(errors='ignore')}"
