"""A gateway's connection to a replica, which it pings every second, over real sockets."""

import asyncio

import grpc
import pytest

from aisle.v1.status_pb2 import ReplicaStatus
from shared.rpc.channels import connect_replica
from shared.rpc.server import Server
from shared.rpc.status import status_servicer


async def test_a_connection_outlives_its_pings() -> None:
    server = Server([status_servicer(ReplicaStatus)], 0, host="127.0.0.1")
    await server.start()
    async with connect_replica(f"127.0.0.1:{server.port}", "aisle.v1.StatusService") as channel:
        await asyncio.wait_for(channel.channel_ready(), 10)
        with pytest.raises(TimeoutError):  # gRPC's default would close the connection at the fourth ping
            await asyncio.wait_for(channel.wait_for_state_change(grpc.ChannelConnectivity.READY), 8)
    await server.stop(0)
