"""Answers requests for the status of a process."""

import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aisle.v1.status_pb2 import GetReplicaStatusRequest, GetReplicaStatusResponse, ReplicaStatus
from aisle.v1.status_pb2_grpc import StatusServiceServicer, add_StatusServiceServicer_to_server
from shared.rpc.server import Register


class StatusService(StatusServiceServicer):
    def __init__(self, describe: Callable[[], ReplicaStatus], trouble: Callable[[], str]) -> None:
        """`describe` returns the current status, `trouble` the fault that the process waits for.

        This class adds the fields that every process has.
        """
        self._describe = describe
        self._trouble = trouble
        self._began_at = time.monotonic()
        aisle_version()

    async def GetReplicaStatus(
        self, request: GetReplicaStatusRequest, context: Any = None
    ) -> GetReplicaStatusResponse:
        """See protos/aisle/v1/status.proto."""
        status = self._describe()
        status.waiting_for = status.waiting_for or self._trouble()
        status.aisle_version = aisle_version()
        status.uptime_seconds = time.monotonic() - self._began_at
        return GetReplicaStatusResponse(status=status)


def status_servicer(
    describe: Callable[[], ReplicaStatus], trouble: Callable[[], str] = lambda: ""
) -> tuple[str, Register, StatusService]:
    """(full name, register function, servicer), as a server expects them.

    The arguments are StatusService's.
    """
    return (
        "aisle.v1.StatusService",
        add_StatusServiceServicer_to_server,
        StatusService(describe, trouble),
    )


@cache
def aisle_version() -> str:
    """The version of the installed package.

    It is read once, because it is in a file, and a status must not need a file descriptor.
    """
    try:
        return version("aisle")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
