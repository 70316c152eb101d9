"""The gateway makes the same page whether the services are in its process or behind the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from grpc import StatusCode, aio

from aisle.v1.embedding_pb2_grpc import EmbeddingServiceStub, add_EmbeddingServiceServicer_to_server
from aisle.v1.events_pb2 import EventProduct, StreamEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub, add_EventServiceServicer_to_server
from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.recommend_pb2_grpc import RecommendServiceStub, add_RecommendServiceServicer_to_server
from aisle.v1.reranker_pb2_grpc import RerankerServiceStub, add_RerankerServiceServicer_to_server
from aisle.v1.retrieval_pb2_grpc import RetrievalServiceStub, add_RetrievalServiceServicer_to_server
from aisle.v1.search_pb2 import TIER_FUSED, TIER_LEXICAL, SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub, add_SearchServiceServicer_to_server
from services.gateway.config import GatewayConfig
from services.gateway.events.event_service import EventService
from services.gateway.recommend.recommend_service import RecommendService
from services.gateway.search.search_service import SearchService
from shared.errors import InvalidRequest, Unavailable
from shared.events.sqlite import SqliteEventLog
from shared.rpc.channels import connect
from shared.rpc.server import Server
from tests.unit.gateway.conftest import SIGNATURES, Embedding, Reranker, Retrieval, too_long

SHOES = SearchRequest(query="shooe", page_size=5, explain=True, deadline_ms=2_000)


@asynccontextmanager
async def on_the_wire(
    register: Callable[[Any, aio.Server], None], servicer: Any
) -> AsyncIterator[aio.Channel]:
    server = Server([("test", register, servicer)], port=0, host="127.0.0.1")
    await server.start()
    try:
        async with connect(f"127.0.0.1:{server.port}") as channel:
            yield channel
    finally:
        await server.stop(grace_seconds=0)


def gateway(
    log: SqliteEventLog, embedding: Any, retrieval: Any, reranker: Any, **settings: Any
) -> SearchService:
    return SearchService(embedding, retrieval, reranker, log, GatewayConfig(**settings), SIGNATURES)


def essence(page: SearchResponse) -> SearchResponse:
    """The page without what differs from one search to the next."""
    kept = SearchResponse()
    kept.CopyFrom(page)
    kept.ClearField("query_id")
    kept.ClearField("next_page_token")
    kept.served_by.ClearField("stage_ms")
    return kept


async def test_a_page_is_the_same_in_both_modes(log: SqliteEventLog) -> None:
    embedding = Embedding()
    retrieval = Retrieval()
    reranker = Reranker()
    local = gateway(log, embedding, retrieval, reranker)
    async with (
        on_the_wire(add_EmbeddingServiceServicer_to_server, embedding) as to_embedding,
        on_the_wire(add_RetrievalServiceServicer_to_server, retrieval) as to_retrieval,
        on_the_wire(add_RerankerServiceServicer_to_server, reranker) as to_reranker,
    ):
        stubs = (
            EmbeddingServiceStub(to_embedding),
            RetrievalServiceStub(to_retrieval),
            RerankerServiceStub(to_reranker),
        )
        remote = gateway(log, *stubs)
        page = await local.Search(SHOES)
        assert essence(await remote.Search(SHOES)) == essence(page)
        retrieval.snapshot_version = "s2"  # the error behind it crosses the wire, too
        second = SearchRequest()
        second.CopyFrom(SHOES)
        second.page_token = (await remote.Search(SHOES)).next_page_token
        retrieval.snapshot_version = "s3"
        assert (await remote.Search(second)).served_by.snapshot_version == "s3"
        await remote.close()
        await local.close()


async def test_a_recommendation_is_the_same_in_both_modes(log: SqliteEventLog) -> None:
    embedding, retrieval, reranker = Embedding(), Retrieval(), Reranker()
    local = gateway(log, embedding, retrieval, reranker)
    async with (
        on_the_wire(add_RetrievalServiceServicer_to_server, retrieval) as to_retrieval,
        on_the_wire(add_RerankerServiceServicer_to_server, reranker) as to_reranker,
    ):
        to: tuple[Any, Any] = (RetrievalServiceStub(to_retrieval), RerankerServiceStub(to_reranker))
        request = RecommendRequest(placement="similar", product_ids=["p0"], explain=True, deadline_ms=5_000)
        page = await RecommendService(retrieval, reranker, local.parts).Recommend(request)
        remote = RecommendService(*to, local.parts)
        async with on_the_wire(add_RecommendServiceServicer_to_server, remote) as to_gateway:
            stub: Any = RecommendServiceStub(to_gateway)
            again = await stub.Recommend(request)
            with pytest.raises(InvalidRequest, match="placement: is required"):
                await stub.Recommend(RecommendRequest())
        assert list(again.results) == list(page.results)
        assert again.served_by.tier == page.served_by.tier
        await local.close()


async def test_services_that_are_not_there_leave_a_lexical_page(log: SqliteEventLog) -> None:
    async with connect("127.0.0.1:1") as nowhere:
        search = gateway(log, EmbeddingServiceStub(nowhere), Retrieval(), RerankerServiceStub(nowhere))
        page = await search.Search(SHOES)
        assert (page.served_by.tier, len(page.results)) == (TIER_LEXICAL, 5)
        await search.close()


async def test_a_late_service_behind_the_wire_is_left_out(log: SqliteEventLog) -> None:
    async with on_the_wire(add_RerankerServiceServicer_to_server, Reranker(trouble=too_long)) as channel:
        search = gateway(log, Embedding(), Retrieval(), RerankerServiceStub(channel))
        page = await search.Search(SearchRequest(query="shoe", deadline_ms=150))
        assert (page.served_by.tier, list(page.served_by.degraded)) == (
            TIER_FUSED,
            ["reranker: deadline"],
        )
        await search.close()


async def test_errors_of_the_gateway_cross_the_wire(log: SqliteEventLog) -> None:
    search = gateway(log, Embedding(), Retrieval(trouble=too_long), Reranker())
    async with on_the_wire(add_SearchServiceServicer_to_server, search) as channel:
        stub: Any = SearchServiceStub(channel)
        with pytest.raises(InvalidRequest, match="order_by: 'beauty' is unknown"):
            await stub.Search(SearchRequest(order_by="beauty"))
        with pytest.raises(Unavailable, match="retrieval: deadline"):
            await stub.Search(SearchRequest(query="shoe", deadline_ms=50))


async def test_a_refused_page_says_when_to_come_back(log: SqliteEventLog) -> None:
    search = gateway(
        log, Embedding(), Retrieval(trouble=too_long), Reranker(), max_in_flight=1, max_waiting=0
    )
    server = Server(
        [("test", add_SearchServiceServicer_to_server, search)],
        port=0,
        host="127.0.0.1",
    )
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as plain:
        stub: Any = SearchServiceStub(plain)
        first = stub.Search(SearchRequest(query="shoe", deadline_ms=5_000))
        while not search.parts.admission.in_flight:
            await asyncio.sleep(0.005)
        with pytest.raises(aio.AioRpcError) as refused:
            await stub.Search(SearchRequest(query="shoe", deadline_ms=500))
        first.cancel()
    await server.stop(grace_seconds=0)
    assert refused.value.code() is StatusCode.RESOURCE_EXHAUSTED
    trailing = dict(refused.value.trailing_metadata())
    assert int(trailing["grpc-retry-pushback-ms"]) >= 1


async def test_events_are_streamed_over_the_wire(log: SqliteEventLog) -> None:
    async with on_the_wire(add_EventServiceServicer_to_server, EventService(log, SIGNATURES)) as channel:
        stub: Any = EventServiceStub(channel)

        async def events() -> AsyncIterator[StreamEventsRequest]:
            for number in range(300):
                product = EventProduct(product_id="p1")
                event = UserEvent(
                    event_id=f"e{number}",
                    action="click",
                    visitor_id="v1",
                    products=[product],
                )
                yield StreamEventsRequest(event=event)

        acks = [response.ack.event_id async for response in stub.StreamEvents(events())]
    assert acks == [f"e{number}" for number in range(300)]


async def test_a_query_that_is_not_utf_8_is_refused_with_the_remedy(log: SqliteEventLog) -> None:
    search = gateway(log, Embedding(), Retrieval(), Reranker())
    async with on_the_wire(add_SearchServiceServicer_to_server, search) as channel:
        call: Any = channel.unary_unary("/aisle.v1.SearchService/Search")
        with pytest.raises(InvalidRequest, match=r"aisle\.v1\.SearchRequest.* valid UTF-8"):
            await call(b"\x0a\x03\xff\xfe\xfd")  # field 1, query


async def test_an_event_that_is_not_utf_8_ends_the_stream_after_those_before_it(
    log: SqliteEventLog,
) -> None:
    product = EventProduct(product_id="p1")
    event = UserEvent(event_id="e1", action="click", visitor_id="v1", products=[product])
    async with on_the_wire(add_EventServiceServicer_to_server, EventService(log, SIGNATURES)) as channel:
        stream: Any = channel.stream_stream("/aisle.v1.EventService/StreamEvents")
        call = stream(
            iter(
                [
                    StreamEventsRequest(event=event).SerializeToString(),
                    b"\x0a\x05\x0a\x03\xff\xfe\xfd",
                ]
            )
        )
        assert b"e1" in await call.read()
        with pytest.raises(aio.AioRpcError, match="valid UTF-8") as refused:
            await call.read()
    assert refused.value.code() is StatusCode.INVALID_ARGUMENT
