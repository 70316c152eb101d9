"""The status of every process behind this gateway: its health, its snapshot and models, its lag."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from aisle.v1.admin_pb2 import (
    REPLICA_STATE_NOT_SERVING,
    REPLICA_STATE_SERVING,
    REPLICA_STATE_UNREACHABLE,
    Replica,
)
from aisle.v1.status_pb2 import GetReplicaStatusRequest, ReplicaStatus
from aisle.v1.status_pb2_grpc import StatusServiceStub
from services.gateway.ports import Ejected, Status
from services.gateway.replicas.addresses import Addresses
from shared.errors import AisleError
from shared.events.log import CATALOG, DEAD_LETTERS, VECTORS, EventLog
from shared.rpc.channels import PROMPT, connect

_ANSWER_SECONDS = 2.0
_SERVING = health_pb2.HealthCheckResponse.SERVING

_LOG = logging.getLogger(__name__)


class Processes:
    """A StatusSource that calls all processes each time."""

    def __init__(self, addresses: Mapping[str, str], log: EventLog, ejected: Mapping[str, Ejected]) -> None:
        """`addresses` as configured, by service.

        `ejected` returns the addresses that get no calls now, for services with a rotation.
        """
        self._addresses = {service: Addresses(text) for service, text in addresses.items()}
        self._log = log
        self._ejected = ejected
        # Kept open, because a new connection needs a file descriptor
        self._channels: dict[str, aio.Channel] = {}

    async def status(self) -> Status:
        """See StatusSource."""
        found, (ends, trouble) = await asyncio.gather(self._replicas(), self._ends())
        for replica in found:
            replica.pending_records = _pending(replica.status, ends)
        retrieval = max(
            _of("retrieval", found), key=lambda status: status.log_position, default=ReplicaStatus()
        )
        reranker = max(
            _of("reranker", found),
            key=lambda status: status.vectors_position,
            default=ReplicaStatus(),
        )
        return Status(
            snapshot_version=retrieval.snapshot_version,
            product_count=retrieval.product_count,
            bundle_version=reranker.bundle_version,
            engines={role: name for each in found for role, name in each.status.engines.items()},
            pending_writes=max(0, ends.get(CATALOG, 0) - retrieval.log_position)
            if retrieval.snapshot_version
            else 0,
            replicas=found,
            waiting_for=trouble,
            dead_letter_count=ends.get(DEAD_LETTERS, 0),
            left_out=_left_out(found),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._forget(())

    async def _replicas(self) -> list[Replica]:
        services = await asyncio.gather(*(self._of_service(*each) for each in self._addresses.items()))
        found = [replica for replicas in services for replica in replicas]
        await self._forget(replica.address for replica in found)
        return found

    async def _of_service(self, service: str, addresses: Addresses) -> list[Replica]:
        found = await addresses.now() or [addresses.text]
        ejected = self._ejected[service]() if service in self._ejected else set()
        replicas = await asyncio.gather(*(self._asked(service, address) for address in found))
        for replica in replicas:
            replica.ejected = replica.address in ejected
        return list(replicas)

    async def _asked(self, service: str, address: str) -> Replica:
        replica = Replica(service=service, address=address, state=REPLICA_STATE_UNREACHABLE)
        channel = self._channel(address)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
                answer = await StatusServiceStub(channel).GetReplicaStatus(GetReplicaStatusRequest())
        except (AisleError, TimeoutError) as error:
            _LOG.debug("%s at %s does not answer: %s", service, address, error)
            return replica
        replica.state = REPLICA_STATE_SERVING if health.status == _SERVING else REPLICA_STATE_NOT_SERVING
        replica.status.CopyFrom(answer.status)
        return replica

    def _channel(self, address: str) -> aio.Channel:
        if address not in self._channels:
            self._channels[address] = connect(address, PROMPT)
        return self._channels[address]

    async def _forget(self, known: Iterable[str]) -> None:
        """Close connections to addresses that no service has any more."""
        for address in self._channels.keys() - set(known):
            await self._channels.pop(address).close()

    async def _ends(self) -> tuple[dict[str, int], str]:
        """The logs' newest offsets, or the reason why they are unknown."""
        try:
            return {
                topic: await self._log.end_offset(topic) for topic in (CATALOG, VECTORS, DEAD_LETTERS)
            }, ""
        except AisleError as error:
            return {}, f"the log: {error}"


def _of(service: str, replicas: Iterable[Replica]) -> list[ReplicaStatus]:
    return [each.status for each in replicas if each.service == service and each.HasField("status")]


def _left_out(replicas: Iterable[Replica]) -> dict[str, int]:
    """The sums over all feedback workers."""
    left_out: Counter[str] = Counter()
    for replica in replicas:
        left_out.update(replica.status.left_out)
    return left_out


def _pending(status: ReplicaStatus, ends: Mapping[str, int]) -> int:
    """The number of records that a process has not applied.

    0 for a process that applies none, or is down.
    """
    if status.log_position:
        return max(0, ends.get(CATALOG, 0) - status.log_position)
    return max(0, ends.get(VECTORS, 0) - status.vectors_position) if status.snapshot_version else 0
