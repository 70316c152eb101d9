"""A caller that goes away while it is answered is no defect of the server's."""

import asyncio
import logging

import pytest

from aisle.v1.search_pb2 import SearchRequest
from aisle.v1.search_pb2_grpc import add_SearchServiceServicer_to_server
from shared.rpc.server import Server
from tests.contract.test_rpc_limits import HEADERS, Shop, frame

# SETTINGS_INITIAL_WINDOW_SIZE 0: no byte of an answer can be sent
NO_WINDOW = b"\x00\x04\x00\x00\x00\x00"


async def test_nothing_is_logged_of_a_caller_that_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    server = Server([("aisle.v1.SearchService", add_SearchServiceServicer_to_server, Shop())], 0, "127.0.0.1")
    await server.start()
    try:
        await _ask_and_go(server.port)
        await asyncio.sleep(0.5)
    finally:
        await server.stop(0)
    assert not caplog.records


async def _ask_and_go(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    request = SearchRequest(query="lamp").SerializeToString()
    message = b"\x00" + len(request).to_bytes(4, "big") + request
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, NO_WINDOW))
    writer.write(frame(1, 4, 1, HEADERS) + frame(0, 1, 1, message))
    await asyncio.sleep(0.5)
    writer.transport.abort()
