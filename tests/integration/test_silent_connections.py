"""Silent connections are closed, which frees their file descriptors."""

import asyncio

import pytest

from aisle.v1.status_pb2 import ReplicaStatus
from shared.rpc.server import Server
from shared.rpc.status import status_servicer

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize("said", [b"", PREFACE[:10], PREFACE], ids=["nothing", "half a preface", "a preface"])
async def test_a_connection_that_never_becomes_one_is_closed(said: bytes) -> None:
    server = Server([status_servicer(ReplicaStatus)], 0, host="127.0.0.1")
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(said)
        async with asyncio.timeout(60):
            while await reader.read(4_096):
                pass
    finally:
        writer.transport.abort()
        await server.stop(0)
