"""Pages of a catalogue that changes: reading your own write, and another encoder."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aisle.v1.embedding_pb2 import EmbedQueriesRequest, EmbedQueriesResponse, QueryEncoding
from aisle.v1.retrieval_pb2 import (
    AnalyzeQueryRequest,
    AnalyzeQueryResponse,
    FetchProductsRequest,
    FetchProductsResponse,
    RetrieveRequest,
    RetrieveResponse,
)
from aisle.v1.search_pb2 import TIER_LEXICAL, TIER_RERANKED
from services.gateway.config import GatewayConfig
from services.gateway.search.search_service import SearchService
from shared.catalog import writes
from shared.errors import InvalidRequest, SnapshotGone, Unavailable
from shared.events.log import CATALOG
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.conftest import SIGNATURES, Embedding, Reranker, Retrieval
from tests.unit.gateway.shoes import ids, shoes


@dataclass
class LiveRetrieval(Retrieval):
    """Shows writes up to a position, with snapshots of some encoders; the last is current."""

    encoders: tuple[str, ...] = ("old@1",)
    position: int = 7
    fetches: list[FetchProductsRequest] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def AnalyzeQuery(self, request: AnalyzeQueryRequest, context: Any = None) -> AnalyzeQueryResponse:
        self.asked.append("analyze")
        return AnalyzeQueryResponse(query=request.query, encoder_version=self.encoders[-1])

    async def Retrieve(self, request: RetrieveRequest, context: Any = None) -> RetrieveResponse:
        if request.encoder_version not in ("", *self.encoders):
            self.requests.append(request)
            raise SnapshotGone(f"no snapshot of {request.encoder_version} is open here")
        response = await Retrieval.Retrieve(self, request)
        response.log_position = self.position
        return response

    async def FetchProducts(
        self, request: FetchProductsRequest, context: Any = None
    ) -> FetchProductsResponse:
        self.fetches.append(request)
        self.asked.append("fetch")
        if request.wait_for_visible > self.position:
            raise Unavailable(f"wait_for_visible: {request.wait_for_visible} is not shown yet")
        if not request.rows:
            return FetchProductsResponse(log_position=self.position)
        return await Retrieval.FetchProducts(self, request)


@dataclass
class Encoders(Embedding):
    """Has some encoders open; the first when none is asked for."""

    open: tuple[str, ...] = ("old@1",)
    wanted: list[str] = field(default_factory=list)

    async def EmbedQueries(self, request: EmbedQueriesRequest, context: Any = None) -> EmbedQueriesResponse:
        self.wanted.append(request.encoder_version)
        if request.encoder_version not in ("", *self.open):
            raise SnapshotGone(f"encoder_version: {request.encoder_version} is not open here")
        encoding = QueryEncoding(vector=b"\0\0\x80\x3f", token_count=1)
        return EmbedQueriesResponse(
            encodings=[encoding], encoder_version=request.encoder_version or self.open[0]
        )


@dataclass
class Shop:
    retrieval: LiveRetrieval
    embedding: Encoders
    search: SearchService


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    retrieval = LiveRetrieval()
    embedding = Encoders()
    log = SqliteEventLog(tmp_path / "log.sqlite")
    await log.append(CATALOG, [writes.removal(f"p{number}") for number in range(8)])
    search = SearchService(embedding, retrieval, Reranker(), log, GatewayConfig(), SIGNATURES)
    yield Shop(retrieval, embedding, search)
    await search.close()
    await log.close()


async def test_a_page_says_up_to_where_writes_are_shown(shop: Shop) -> None:
    page = await shop.search.Search(shoes())
    assert page.served_by.log_position == 7
    assert shop.retrieval.requests[0].wait_for_visible == 0 and shop.retrieval.asked[0] == "analyze"


async def test_a_write_is_waited_for_before_the_query_is_looked_at(shop: Shop) -> None:
    page = await shop.search.Search(shoes(wait_for_visible=7, deadline_ms=1_000))
    assert page.results and shop.retrieval.asked[:2] == ["fetch", "analyze"]
    assert 0 < shop.retrieval.fetches[0].budget_ms < 1_000
    retrieved = shop.retrieval.requests[0]
    # Another replica may answer this
    assert retrieved.wait_for_visible == 7 and 0 < retrieved.budget_ms < 1_000


async def test_a_write_that_does_not_show_in_time_makes_the_page_unavailable(shop: Shop) -> None:
    with pytest.raises(Unavailable, match=r"wait_for_visible: 8 is not shown yet; retry"):
        await shop.search.Search(shoes(wait_for_visible=8))


async def test_a_position_that_the_log_never_gave_is_the_callers_mistake(shop: Shop) -> None:
    remedy = (
        "wait_for_visible: 9 was never assigned, the log ends at 8; "
        "send the log_position of an answer to a write"
    )
    with pytest.raises(InvalidRequest, match=remedy):
        await shop.search.Search(shoes(wait_for_visible=9))
    assert shop.retrieval.asked == []


async def test_the_pages_products_wait_for_a_replica_that_is_behind(shop: Shop) -> None:
    await shop.search.Search(shoes())
    assert shop.retrieval.fetches[-1].wait_for_visible == 7


async def test_a_query_is_encoded_by_the_snapshots_encoder(shop: Shop) -> None:
    shop.retrieval.encoders = ("old@1", "new@1")
    shop.embedding.open = ("old@1", "new@1")
    page = await shop.search.Search(shoes())
    assert shop.embedding.wanted == ["new@1"]
    assert shop.retrieval.requests[0].encoder_version == "new@1"
    assert page.served_by.tier == TIER_RERANKED


async def test_while_the_new_encoder_is_not_open_the_snapshot_before_is_searched(
    shop: Shop,
) -> None:
    shop.retrieval.encoders = ("old@1", "new@1")
    page = await shop.search.Search(shoes())
    assert shop.embedding.wanted == ["new@1", ""]
    assert shop.retrieval.requests[0].encoder_version == "old@1"
    assert (page.served_by.tier, list(page.served_by.degraded)) == (TIER_RERANKED, [])


async def test_a_vector_that_no_snapshot_fits_leaves_the_page_to_words(shop: Shop) -> None:
    shop.retrieval.encoders = ("new@1",)  # and the embedding service has not opened it yet
    page = await shop.search.Search(shoes())
    assert len(ids(page)) == 3 and page.served_by.tier == TIER_LEXICAL
    assert list(page.served_by.degraded) == [
        "embedding: the encoder changed",
        "reranker: no embedding",
    ]
    assert [bool(request.vector) for request in shop.retrieval.requests] == [True, True, False]
