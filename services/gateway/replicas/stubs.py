"""Stubs that call any replica of a service, like a generated stub calls one process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from grpc import aio

from aisle.v1.embedding_pb2 import EmbedQueriesRequest, EmbedQueriesResponse
from aisle.v1.embedding_pb2_grpc import EmbeddingServiceStub
from aisle.v1.reranker_pb2 import (
    ProposeRequest,
    ProposeResponse,
    RankProposalsRequest,
    RankProposalsResponse,
    RerankRequest,
    RerankResponse,
)
from aisle.v1.reranker_pb2_grpc import RerankerServiceStub
from aisle.v1.retrieval_pb2 import (
    AccountForRequest,
    AccountForResponse,
    AnalyzeQueryRequest,
    AnalyzeQueryResponse,
    FetchProductsRequest,
    FetchProductsResponse,
    ListCandidatesRequest,
    ListCandidatesResponse,
    RetrieveRequest,
    RetrieveResponse,
)
from aisle.v1.retrieval_pb2_grpc import RetrievalServiceStub
from services.gateway.filters.checking import leaves
from services.gateway.ports import Embedding, Reranker, SearchRetrieval
from services.gateway.replicas.addresses import Addresses
from services.gateway.replicas.asking import Asking
from services.gateway.replicas.channels import Channels
from services.gateway.replicas.ejection import Ejection
from services.gateway.replicas.replica import Replica
from services.gateway.replicas.rotation import Rotation
from shared.errors import Unavailable
from shared.rpc.errors import from_call

Response = TypeVar("Response")
Stub = TypeVar("Stub")
Method = Callable[[Any], Awaitable[Response]]

_LEAST_MS = 1.0
# A request with more values, or with more filters and facets, is expensive
_MANY_VALUES = 100
_MANY_FIELDS = 10


class Replicas(Generic[Stub]):
    """The replicas of one service. For use from one event loop, inside `open`."""

    def __init__(
        self,
        addresses: str,
        service: str,
        make_stub: Callable[[aio.Channel], Stub],
        hedge_share: float = 0.0,
    ) -> None:
        """`service` is its full name.

        `hedge_share` of the calls, 0 to 1, may go to a second replica.
        """
        self._ejection = Ejection()
        self._rotation = Rotation(self._ejection)
        self._asking = Asking(self._rotation, self._ejection, hedge_share)
        self.channels = Channels(self._rotation, self._ejection, Addresses(addresses), service, make_stub)

    def open(self, look_seconds: float) -> AbstractAsyncContextManager[None]:
        """Stay connected until the block ends. Names are looked up every `look_seconds`."""
        return self.channels.open(look_seconds)

    @property
    def ready(self) -> bool:
        """Whether at least one replica is ready."""
        return any(replica.ready for replica in self._rotation.replicas)

    def ejected(self) -> set[str]:
        """Addresses of the replicas that get no calls now."""
        return {each.address for each in self._rotation.replicas if self._ejection.is_out(each)}

    async def call(
        self,
        method: Callable[[Stub], Method[Response]],
        kind: str,
        request: Any,
        log_position: int = 0,
    ) -> Response:
        """The first answer.

        It comes preferably from a replica that shows the catalogue's log up to a position.
        """

        async def send(replica: Replica, elapsed_ms: float) -> Response:
            response = await _sent(method(self.channels.stub(replica)), _later(request, elapsed_ms))
            replica.log_position = max(replica.log_position, getattr(response, "log_position", 0))
            return response

        return await self._asking.ask(kind, send, log_position, getattr(request, "budget_ms", 0.0))


async def _sent(method: Method[Response], request: Any) -> Response:
    try:
        return await method(request)
    except aio.AioRpcError as error:
        raise from_call(error) from error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task and task.cancelling():
            raise
        # The channel was cancelled, not the page
        raise Unavailable("the replica was removed") from None


def _later(request: Any, elapsed_ms: float) -> Any:
    """The request with its budget reduced by the elapsed time."""
    if elapsed_ms < _LEAST_MS or not getattr(request, "budget_ms", 0.0):
        return request
    later = type(request)()
    later.CopyFrom(request)
    later.budget_ms = max(_LEAST_MS, request.budget_ms - elapsed_ms)
    return later


class EmbeddingReplicas:
    """See protos/aisle/v1/embedding.proto."""

    def __init__(self, addresses: str, hedge_share: float) -> None:
        self.all: Replicas[Embedding] = Replicas(
            addresses, "aisle.v1.EmbeddingService", EmbeddingServiceStub, hedge_share
        )

    async def EmbedQueries(self, request: EmbedQueriesRequest) -> EmbedQueriesResponse:
        return await self.all.call(lambda stub: stub.EmbedQueries, "EmbedQueries", request)


class RetrievalReplicas:
    """See protos/aisle/v1/retrieval.proto."""

    def __init__(self, addresses: str, hedge_share: float) -> None:
        self.all: Replicas[SearchRetrieval] = Replicas(
            addresses, "aisle.v1.RetrievalService", RetrievalServiceStub, hedge_share
        )

    async def AnalyzeQuery(self, request: AnalyzeQueryRequest) -> AnalyzeQueryResponse:
        return await self.all.call(lambda stub: stub.AnalyzeQuery, "AnalyzeQuery", request)

    async def Retrieve(self, request: RetrieveRequest) -> RetrieveResponse:
        wanted = request.wait_for_visible
        return await self.all.call(lambda stub: stub.Retrieve, _retrieval_kind(request), request, wanted)

    async def ListCandidates(self, request: ListCandidatesRequest) -> ListCandidatesResponse:
        wanted = request.wait_for_visible
        return await self.all.call(lambda stub: stub.ListCandidates, "ListCandidates", request, wanted)

    async def AccountFor(self, request: AccountForRequest) -> AccountForResponse:
        wanted = request.retrieve.wait_for_visible
        return await self.all.call(lambda stub: stub.AccountFor, "AccountFor", request, wanted)

    async def FetchProducts(self, request: FetchProductsRequest) -> FetchProductsResponse:
        wanted = request.wait_for_visible
        is_read = request.query or request.HasField("highlight")
        kind = "FetchProducts explained" if is_read else "FetchProducts"
        return await self.all.call(lambda stub: stub.FetchProducts, kind, request, wanted)


def _retrieval_kind(request: RetrieveRequest) -> str:
    """The kind of a request. Expensive requests are not compared with cheap ones."""
    filters = [leaf for each in request.filters for leaf in leaves(each)]
    values = sum(len(each.any_of.values) for each in filters)
    is_expensive = values > _MANY_VALUES or len(filters) + len(request.facets) > _MANY_FIELDS
    return "Retrieve much" if is_expensive else "Retrieve"


class RerankerReplicas:
    """See protos/aisle/v1/reranker.proto."""

    def __init__(self, addresses: str, hedge_share: float) -> None:
        self.all: Replicas[Reranker] = Replicas(
            addresses, "aisle.v1.RerankerService", RerankerServiceStub, hedge_share
        )

    async def Rerank(self, request: RerankRequest) -> RerankResponse:
        return await self.all.call(lambda stub: stub.Rerank, "Rerank", request)

    async def Propose(self, request: ProposeRequest) -> ProposeResponse:
        return await self.all.call(lambda stub: stub.Propose, "Propose", request)

    async def RankProposals(self, request: RankProposalsRequest) -> RankProposalsResponse:
        return await self.all.call(lambda stub: stub.RankProposals, "RankProposals", request)
