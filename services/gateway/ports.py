"""The interfaces that the gateway uses.

A generated stub and the servicer itself both implement those of the services. The stub calls over
the wire, and the servicer answers in this process.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aisle.v1.admin_pb2 import Replica
from aisle.v1.embedding_pb2 import EmbedQueriesRequest, EmbedQueriesResponse
from aisle.v1.reranker_pb2 import (
    ProposeRequest,
    ProposeResponse,
    RankProposalsRequest,
    RankProposalsResponse,
    RerankRequest,
    RerankResponse,
)
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


class Embedding(Protocol):
    def EmbedQueries(self, request: EmbedQueriesRequest, /) -> Awaitable[EmbedQueriesResponse]: ...


class Retrieval(Protocol):
    def AnalyzeQuery(self, request: AnalyzeQueryRequest, /) -> Awaitable[AnalyzeQueryResponse]: ...

    def Retrieve(self, request: RetrieveRequest, /) -> Awaitable[RetrieveResponse]: ...

    def ListCandidates(self, request: ListCandidatesRequest, /) -> Awaitable[ListCandidatesResponse]: ...

    def FetchProducts(self, request: FetchProductsRequest, /) -> Awaitable[FetchProductsResponse]: ...


class SearchRetrieval(Retrieval, Protocol):
    """Retrieval for searches, which may ask why a product is not on a page."""

    def AccountFor(self, request: AccountForRequest, /) -> Awaitable[AccountForResponse]: ...


class Reranker(Protocol):
    def Rerank(self, request: RerankRequest, /) -> Awaitable[RerankResponse]: ...

    def Propose(self, request: ProposeRequest, /) -> Awaitable[ProposeResponse]: ...

    def RankProposals(self, request: RankProposalsRequest, /) -> Awaitable[RankProposalsResponse]: ...


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the engine. The fields are those of GetStatusResponse."""

    snapshot_version: str = ""
    product_count: int = 0
    bundle_version: str = ""
    engines: dict[str, str] = field(default_factory=dict)
    pending_writes: int = 0
    replicas: Sequence[Replica] = ()
    waiting_for: str = ""
    dead_letter_count: int = 0
    # Records that are not counted, or only in part, by reason (shared/features/evidence.py)
    left_out: dict[str, int] = field(default_factory=dict)


class StatusSource(Protocol):
    async def status(self) -> Status: ...


Ejected = Callable[[], set[str]]  # addresses of replicas that get no calls now
