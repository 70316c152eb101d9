"""A gateway over services that a test controls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisle.v1.catalog_pb2 import Product
from aisle.v1.embedding_pb2 import EmbedQueriesRequest, EmbedQueriesResponse, QueryEncoding
from aisle.v1.reranker_pb2 import (
    CandidateExplanation,
    ProposeRequest,
    ProposeResponse,
    RankProposalsRequest,
    RankProposalsResponse,
    RerankRequest,
    RerankResponse,
)
from aisle.v1.retrieval_pb2 import (
    AnalyzeQueryRequest,
    AnalyzeQueryResponse,
    FetchProductsRequest,
    FetchProductsResponse,
    ListCandidatesRequest,
    ListCandidatesResponse,
    ProductHighlights,
    RetrieveRequest,
    RetrieveResponse,
)
from aisle.v1.search_pb2 import TIER_LEXICAL, Contribution, Facet, Highlight, HighlightPiece, Relaxation
from services.gateway.config import GatewayConfig
from services.gateway.search.search_service import SearchService
from services.gateway.signatures import Signatures
from shared.cache import Cache
from shared.errors import SnapshotGone
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.accounting import Accounting

Trouble = Callable[[], Awaitable[None]]
SIGNATURES = Signatures(lambda: [b"the secret of a shop that is not there"])


MARKED = ProductHighlights(
    highlights=[Highlight(field="title", pieces=[HighlightPiece(text="shoe", matched=True)])]
)


async def none() -> None:
    """A service without faults."""


async def too_long() -> None:
    await asyncio.sleep(30)


def failing(error: Exception) -> Trouble:
    async def fail() -> None:
        raise error

    return fail


@dataclass
class Embedding:
    trouble: Trouble = none
    encoder_version: str = "e1"
    queries: list[str] = field(default_factory=list)

    async def EmbedQueries(self, request: EmbedQueriesRequest, context: Any = None) -> EmbedQueriesResponse:
        self.queries.extend(request.queries)
        await self.trouble()
        encoding = QueryEncoding(vector=b"\0\0\x80\x3f", token_count=1)
        return EmbedQueriesResponse(
            encodings=[encoding] * len(request.queries), encoder_version=self.encoder_version
        )


@dataclass
class Retrieval(Accounting):
    """Product number i is at row i; the fused order is 0, 1, 2, ..."""

    product_count: int = 50
    snapshot_version: str = "s1"
    analyze_trouble: Trouble = none
    trouble: Trouble = none
    fetch_trouble: Trouble = none
    padding: int = 0  # of each product, in bytes
    relaxation: Relaxation | None = None
    most_marked: int = 200  # products that get highlights
    fetched: list[FetchProductsRequest] = field(default_factory=list)
    is_old: bool = False  # it knows nothing of variants, nor of what follows a window
    requests: list[RetrieveRequest] = field(default_factory=list)
    listed: list[ListCandidatesRequest] = field(default_factory=list)

    async def AnalyzeQuery(self, request: AnalyzeQueryRequest, context: Any = None) -> AnalyzeQueryResponse:
        await self.analyze_trouble()
        corrected = request.query.replace("hooe", "hoe")
        return AnalyzeQueryResponse(
            query=corrected,
            corrected=corrected != request.query,
            suggested_query="shoes" if request.query == "shoeys" else "",
        )

    async def Retrieve(self, request: RetrieveRequest, context: Any = None) -> RetrieveResponse:
        self.requests.append(request)
        await self.trouble()
        excluded = set(request.exclude_product_ids)
        left = [row for row in range(self.product_count) if f"p{row}" not in excluded]
        after = [int(each[1:]) for each in request.after_product_ids if int(each[1:]) in left]
        start = left.index(after[-1]) + 1 if after else request.offset
        rows = left[start : start + request.limit]
        return RetrieveResponse(
            rows=rows,
            product_ids=[f"p{row}" for row in rows],
            lexical_scores=[1.0] * len(rows),
            dense_scores=[0.5] * len(rows),
            fused_scores=[1 / (60 + row) for row in rows],
            lexical_ranks=[row + 1 for row in rows],
            dense_ranks=[row + 1 if request.vector else 0 for row in rows],
            total_count=len(left),
            offset=start,
            variant_counts=[] if self.is_old else [row % 3 for row in rows],
            facets=[Facet(field=facet.field) for facet in request.facets],
            snapshot_version=self.snapshot_version,
            tier=request.tier or TIER_LEXICAL,
            stage_ms={"lexical": 0.1},
            relaxation=None if excluded else self.relaxation,
        )

    async def ListCandidates(
        self, request: ListCandidatesRequest, context: Any = None
    ) -> ListCandidatesResponse:
        """Proposed products first, then all others."""
        self.listed.append(request)
        await self.trouble()
        proposed = [int(each[1:]) for each in request.product_ids]
        others = [row for row in range(self.product_count) if row not in proposed] if request.fill else []
        rows = [row for row in [*proposed, *others] if f"p{row}" not in request.exclude_product_ids]
        rows = rows[: request.limit]
        return ListCandidatesResponse(
            rows=rows,
            product_ids=[f"p{row}" for row in rows],
            dense_scores=[0.5] * len(rows),
            proposed_count=len(proposed),
            near_count=min(2, len(rows) - len(proposed)),
            snapshot_version=self.snapshot_version,
        )

    async def FetchProducts(
        self, request: FetchProductsRequest, context: Any = None
    ) -> FetchProductsResponse:
        self.fetched.append(request)
        await self.fetch_trouble()
        if request.snapshot_version != self.snapshot_version:
            raise SnapshotGone(f"snapshot {request.snapshot_version} is no longer served")
        count = len(request.rows)
        if self.padding and request.max_bytes:
            count = min(count, max(1, request.max_bytes // (self.padding + 20)))
        return FetchProductsResponse(
            products=[
                Product(product_id=f"p{row}", title=f"shoe {row}" + "x" * self.padding)
                for row in request.rows[:count]
            ],
            matched_terms=["shoe"] * count if request.query else [],
            highlights=[MARKED] * min(count, self.most_marked) if request.HasField("highlight") else [],
            shortened=count < len(request.rows),
        )


@dataclass
class Reranker:
    """Reverses the order."""

    trouble: Trouble = none
    degraded: list[str] = field(default_factory=list)
    cross_encoded: int = 0
    requests: list[RerankRequest] = field(default_factory=list)
    proposals: tuple[str, ...] = ("p7", "p3")
    in_cart: tuple[str, ...] = ()
    propose_trouble: Trouble = none
    proposed: list[ProposeRequest] = field(default_factory=list)
    ranked: list[RankProposalsRequest] = field(default_factory=list)

    async def Propose(self, request: ProposeRequest, context: Any = None) -> ProposeResponse:
        self.proposed.append(request)
        await self.propose_trouble()
        return ProposeResponse(
            product_ids=self.proposals,
            near_product_ids=request.product_ids,
            near_weights=[1.0] * len(request.product_ids),
            exclude_product_ids=self.in_cart,
        )

    async def RankProposals(
        self, request: RankProposalsRequest, context: Any = None
    ) -> RankProposalsResponse:
        self.ranked.append(request)
        first, known = request.explain_limit, request.feature_limit
        rerank = RerankRequest(rows=request.rows, explain_limit=first, feature_limit=known)
        return RankProposalsResponse(ranking=await self.Rerank(rerank))

    async def Rerank(self, request: RerankRequest, context: Any = None) -> RerankResponse:
        self.requests.append(request)
        await self.trouble()
        count = len(request.rows)
        features = np.ones((min(count, request.feature_limit), 2), dtype="<f4")
        because = CandidateExplanation(
            contributions=[Contribution(feature="block", value=2, contribution=1.5)]
        )
        return RerankResponse(
            order=range(count - 1, -1, -1),
            relevance_scores=[float(count - place) for place in range(count)],
            feature_names=["block", "price"],
            feature_values=features.tobytes(),
            explanations=[because] * min(count, request.explain_limit),
            bundle_version="b1",
            degraded=self.degraded,
            cross_encoded_count=self.cross_encoded if request.cross_encode else 0,
        )


@dataclass
class Gateway:
    embedding: Embedding
    retrieval: Retrieval
    reranker: Reranker
    log: SqliteEventLog
    search: SearchService

    def with_config(self, shared_windows: Cache | None = None, **settings: Any) -> SearchService:
        services = (self.embedding, self.retrieval, self.reranker, self.log)
        return SearchService(*services, GatewayConfig(**settings), SIGNATURES, shared_windows)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    embedding = Embedding()
    retrieval = Retrieval()
    reranker = Reranker()
    log = SqliteEventLog(tmp_path / "log.sqlite")
    search = SearchService(embedding, retrieval, reranker, log, GatewayConfig(), SIGNATURES)
    yield Gateway(embedding, retrieval, reranker, log, search)
    await search.close()
    await log.close()
