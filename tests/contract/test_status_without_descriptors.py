"""A status is what an operator asks for when descriptors have run out, so it needs none."""

from pathlib import Path

from grpc import aio

from aisle.v1.admin_pb2 import REPLICA_STATE_SERVING, GetStatusRequest
from aisle.v1.admin_pb2_grpc import AdminServiceStub, add_AdminServiceServicer_to_server
from aisle.v1.status_pb2 import ReplicaStatus
from services.gateway.admin.admin_service import AdminService
from services.gateway.processes import Processes
from shared.events.sqlite import SqliteEventLog
from shared.rpc.server import Server
from shared.rpc.status import aisle_version, status_servicer
from tests.descriptors import no_descriptors


async def test_a_status_is_answered_by_a_gateway_without_descriptors(tmp_path: Path) -> None:
    aisle_version.cache_clear()
    log = SqliteEventLog(tmp_path / "log.sqlite")
    replica = Server(
        [status_servicer(lambda: ReplicaStatus(snapshot_version="s1"))], port=0, host="127.0.0.1"
    )
    await replica.start()
    processes = Processes({"retrieval": f"127.0.0.1:{replica.port}"}, log, {})
    admin = ("aisle.v1.AdminService", add_AdminServiceServicer_to_server, AdminService(processes))
    gateway = Server([admin], port=0, host="127.0.0.1")
    await gateway.start()
    async with aio.insecure_channel(f"127.0.0.1:{gateway.port}") as channel:
        before = await AdminServiceStub(channel).GetStatus(GetStatusRequest(), timeout=20)
        with no_descriptors():
            without = await AdminServiceStub(channel).GetStatus(GetStatusRequest(), timeout=20)
    for stop in (gateway.stop(0), replica.stop(0), processes.close(), log.close()):
        await stop
    assert before.aisle_version == without.aisle_version != ""
    assert [each.state for each in (*before.replicas, *without.replicas)] == [REPLICA_STATE_SERVING] * 2
    assert without.snapshot_version == "s1"
