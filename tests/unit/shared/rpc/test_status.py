from aisle.v1.status_pb2 import GetReplicaStatusRequest, ReplicaStatus
from shared.rpc.status import status_servicer


async def test_a_process_tells_what_it_waits_for_beside_what_it_serves() -> None:
    trouble = ["the reader of aisle.vectors is behind"]
    _, _, service = status_servicer(lambda: ReplicaStatus(snapshot_version="s"), lambda: trouble[0])
    status = (await service.GetReplicaStatus(GetReplicaStatusRequest())).status
    assert (status.snapshot_version, status.waiting_for) == ("s", trouble[0])
    trouble[0] = ""
    assert (await service.GetReplicaStatus(GetReplicaStatusRequest())).status.waiting_for == ""


async def test_what_a_service_says_itself_comes_first() -> None:
    _, _, service = status_servicer(lambda: ReplicaStatus(waiting_for="a snapshot"), lambda: "the log")
    assert (await service.GetReplicaStatus(GetReplicaStatusRequest())).status.waiting_for == "a snapshot"
