"""Connections that nobody uses: they are pinged, and must not be closed for it."""

import asyncio

from grpc import ChannelConnectivity

from shared.rpc import Server, connect_replica

NAME = "aisle.v1.AnyService"
SEVERAL_PINGS_SECONDS = 5.0


async def test_a_connection_to_a_replica_lasts_while_nobody_calls() -> None:
    server = Server([(NAME, lambda servicer, server: None, None)], port=0)
    await server.start()
    channel = connect_replica(f"127.0.0.1:{server.port}", NAME)
    while (state := channel.get_state(try_to_connect=True)) is not ChannelConnectivity.READY:
        await channel.wait_for_state_change(state)
    change = asyncio.create_task(channel.wait_for_state_change(ChannelConnectivity.READY))
    ended, _ = await asyncio.wait({change}, timeout=SEVERAL_PINGS_SECONDS)
    assert not ended
    change.cancel()
    await channel.close()
    await server.stop(0)
