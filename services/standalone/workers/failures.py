"""AisleErrors between the processes of a server: as google.rpc.Status, like in gRPC."""

from __future__ import annotations

from dataclasses import dataclass

from google.rpc.status_pb2 import Status
from grpc import StatusCode

from aisle.error_details import DETAILS_KEY
from shared.errors import AisleError
from shared.rpc.errors import from_call, to_status

_CODES = {code.value[0]: code for code in StatusCode}


def status_of(error: AisleError) -> Status:
    """The status of an error, with its details."""
    _, _, metadata = to_status(error)
    return Status.FromString(dict(metadata)[DETAILS_KEY])


def from_status(status: Status) -> AisleError:
    """The error that a status was made of."""
    return from_call(_Failed(status))


@dataclass(frozen=True)
class _Failed:
    """FailedCall of a status."""

    status: Status

    def code(self) -> StatusCode:
        return _CODES[self.status.code]

    def details(self) -> str:
        message: str = self.status.message
        return message

    def trailing_metadata(self) -> tuple[tuple[str, bytes]]:
        return ((DETAILS_KEY, self.status.SerializeToString()),)
