"""What every server of ours promises: health, reflection, errors as statuses, an orderly end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from aisle.v1.events_pb2 import (
    EventAck,
    RecordEventsRequest,
    RecordEventsResponse,
    StreamEventsRequest,
    StreamEventsResponse,
)
from aisle.v1.events_pb2_grpc import (
    EventServiceServicer,
    EventServiceStub,
    add_EventServiceServicer_to_server,
)
from shared.errors import InvalidRequest, Unavailable
from shared.listening import LOOPBACK, addresses_of
from shared.rpc.channels import connect
from shared.rpc.errors import from_call
from shared.rpc.server import Server

NAME = "aisle.v1.EventService"


class RefusingEvents(EventServiceServicer):
    async def RecordEvents(self, request: RecordEventsRequest, context: Any) -> RecordEventsResponse:
        if not request.events:
            raise InvalidRequest("events", "is empty; send 1 to 1,000")
        return RecordEventsResponse(acks=[EventAck(event_id=event.event_id) for event in request.events])

    async def StreamEvents(self, requests: Any, context: Any) -> AsyncIterator[StreamEventsResponse]:
        async for request in requests:
            if not request.event.event_id:
                raise InvalidRequest("event.event_id", "is empty")
            yield StreamEventsResponse(ack=EventAck(event_id=request.event.event_id))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server(
        [(NAME, add_EventServiceServicer_to_server, RefusingEvents())],
        port=0,
        host="127.0.0.1",
    )
    await server.start()
    yield server
    await server.stop(grace_seconds=0)


async def test_an_error_of_a_unary_call_arrives_as_itself(server: Server) -> None:
    async with connect(f"127.0.0.1:{server.port}") as channel:
        with pytest.raises(InvalidRequest, match="events: is empty") as caught:
            await EventServiceStub(channel).RecordEvents(RecordEventsRequest())
    assert (caught.value.field, caught.value.reason) == ("events", "is empty; send 1 to 1,000")


async def test_an_error_inside_a_stream_ends_it_with_its_status(server: Server) -> None:
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call = EventServiceStub(channel).StreamEvents(iter([StreamEventsRequest()]))
        with pytest.raises(aio.AioRpcError) as caught:
            async for _ in call:
                pass
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    error = from_call(caught.value)
    assert isinstance(error, InvalidRequest) and (error.field, error.reason) == (
        "event.event_id",
        "is empty",
    )


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with connect("127.0.0.1:1") as channel:
        with pytest.raises(Unavailable):
            await EventServiceStub(channel).RecordEvents(RecordEventsRequest())


async def test_health_answers_for_the_process_and_for_each_service(server: Server) -> None:
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", NAME):
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_lists_the_service(server: Server) -> None:
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        async for answer in reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
            iter([request])
        ):
            assert NAME in [service.name for service in answer.list_services_response.service]
            break


async def test_a_taken_port_is_a_clear_message(server: Server) -> None:
    with pytest.raises(SystemExit, match="another server"):
        Server([], port=server.port, host="127.0.0.1")
    await asyncio.sleep(0)


async def test_a_server_listens_on_the_loopback_until_told_otherwise() -> None:
    server = Server([(NAME, add_EventServiceServicer_to_server, RefusingEvents())], port=0)
    await server.start()
    try:
        for host in ("localhost", *addresses_of(LOOPBACK)):
            async with aio.insecure_channel(f"{host}:{server.port}") as channel:
                await asyncio.wait_for(channel.channel_ready(), 10)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(_address_of_this_machine(), server.port)
    finally:
        await server.stop(grace_seconds=0)


def _address_of_this_machine() -> str:
    """One that is not the loopback's; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but the loopback")
        return str(probe.getsockname()[0])


async def test_half_of_the_loopback_is_no_port_that_is_free() -> None:
    first = Server([], port=0, host="127.0.0.1")
    await first.start()
    with pytest.raises(SystemExit, match="another server"):
        Server([], port=first.port)
    await first.stop(0)
