"""The engine's state on the wire."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from aisle.v1.admin_pb2 import GetStatusRequest, GetStatusResponse
from aisle.v1.admin_pb2_grpc import AdminServiceServicer
from services.gateway.ports import StatusSource
from shared.rpc.status import aisle_version


class AdminService(AdminServiceServicer):
    def __init__(self, source: StatusSource, *counted: Callable[[], Mapping[str, int]]) -> None:
        """`counted` are the counts of the gateway's parts, by name."""
        self._source = source
        self._counted = counted
        self._ready_at = time.monotonic()
        aisle_version()

    async def GetStatus(self, request: GetStatusRequest, context: Any = None) -> GetStatusResponse:
        """See protos/aisle/v1/admin.proto."""
        status = await self._source.status()
        return GetStatusResponse(
            snapshot_version=status.snapshot_version,
            product_count=status.product_count,
            bundle_version=status.bundle_version,
            engines=status.engines,
            pending_writes=status.pending_writes,
            aisle_version=aisle_version(),
            uptime_seconds=time.monotonic() - self._ready_at,
            replicas=status.replicas,
            waiting_for=status.waiting_for,
            dead_letter_count=status.dead_letter_count,
            counts={name: count for counts in self._counted for name, count in counts().items()}
            | {f"left_out.{reason}": count for reason, count in status.left_out.items()},
        )
