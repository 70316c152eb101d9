"""Waiting for writes: how many may at once, and that it costs others nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aisle.v1.catalog_pb2 import GetProductRequest
from aisle.v1.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse
from services.gateway.catalog.catalog_service import CatalogService
from services.gateway.config import GatewayConfig
from services.gateway.search.search_service import SearchService
from services.gateway.visibility import Visibility
from shared.catalog import writes
from shared.errors import InvalidRequest, Overloaded, Unavailable
from shared.events.log import CATALOG
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.conftest import SIGNATURES, Embedding, Reranker, Retrieval
from tests.unit.gateway.shoes import RERANKED, ids, shoes


@dataclass
class Behind(Retrieval):
    """Shows no write, so that every wait lasts forever."""

    waiting: int = 0
    never: asyncio.Event = field(default_factory=asyncio.Event)

    async def FetchProducts(
        self, request: FetchProductsRequest, context: Any = None
    ) -> FetchProductsResponse:
        if not request.wait_for_visible:
            return await Retrieval.FetchProducts(self, request)
        self.waiting += 1
        try:
            await self.never.wait()
        finally:
            self.waiting -= 1
        return FetchProductsResponse()


class LostLog(SqliteEventLog):
    async def end_offset(self, topic: str) -> int:
        raise Unavailable("the log is away")


@pytest.fixture
async def written(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    """A log with three catalogue writes."""
    log = SqliteEventLog(tmp_path / "log.sqlite")
    await log.append(CATALOG, [writes.removal(f"p{number}") for number in range(3)])
    yield log
    await log.close()


async def _begun(retrieval: Behind, count: int) -> None:
    async with asyncio.timeout(5):
        while retrieval.waiting < count:
            await asyncio.sleep(0)


async def test_searches_that_wait_take_no_place_of_pages(written: SqliteEventLog) -> None:
    retrieval = Behind()
    search = SearchService(
        Embedding(),
        retrieval,
        Reranker(),
        written,
        GatewayConfig(max_in_flight=1, max_waiting=0),
        SIGNATURES,
    )
    waits = [
        asyncio.create_task(search.Search(shoes(wait_for_visible=3, deadline_ms=60_000), None))
        for _ in range(5)
    ]
    await _begun(retrieval, 5)
    assert ids(await search.Search(shoes())) == RERANKED
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    assert retrieval.waiting == 0
    await search.close()


async def test_how_long_a_search_waited_does_not_close_the_line(written: SqliteEventLog) -> None:
    search = SearchService(
        Embedding(), Behind(), Reranker(), written, GatewayConfig(max_in_flight=1), SIGNATURES
    )
    with pytest.raises(
        Unavailable, match="wait_for_visible: not shown in time; retry, with a longer deadline_ms"
    ):
        await search.Search(shoes(wait_for_visible=3, deadline_ms=300))
    pages = await asyncio.gather(*(search.Search(shoes()) for _ in range(4)))
    assert [ids(page) for page in pages] == [RERANKED] * 4
    await search.close()


async def test_one_peer_can_hold_half_of_the_waits_and_leaves_some_to_others(
    written: SqliteEventLog,
) -> None:
    visibility = Visibility(written, Behind(), max_waits=4)
    async with visibility.waiting(3, 1_000, "a"), visibility.waiting(3, 1_000, "a"):
        with pytest.raises(Overloaded, match="wait_for_visible: 2 calls wait already; retry later"):
            await visibility.shown(3, 1_000, "a")
        async with visibility.waiting(3, 1_000, "b"):
            pass
    async with visibility.waiting(3, 1_000, "a"):
        pass


async def test_a_wait_that_is_cancelled_frees_its_place_at_once(written: SqliteEventLog) -> None:
    visibility = Visibility(written, retrieval := Behind(), max_waits=2)
    wait = asyncio.create_task(visibility.shown(3, 60_000, "a"))
    await _begun(retrieval, 1)
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    assert retrieval.waiting == 0
    async with visibility.waiting(3, 1_000, "a"):
        pass


async def test_a_product_is_not_waited_for_at_a_position_that_was_never_given(
    written: SqliteEventLog,
) -> None:
    catalog = CatalogService(written, retrieval := Behind())
    with pytest.raises(InvalidRequest, match="wait_for_visible: 4 was never assigned, the log ends at 3"):
        await catalog.GetProduct(GetProductRequest(product_id="p1", wait_for_visible=4))
    assert retrieval.waiting == 0


async def test_while_the_log_is_away_a_position_is_believed(tmp_path: Path) -> None:
    log = LostLog(tmp_path / "log.sqlite")
    async with Visibility(log, Behind()).waiting(9, 1_000, "a"):
        pass
    await log.close()


async def test_a_position_is_known_as_given_as_soon_as_its_write_is_acknowledged(
    written: SqliteEventLog,
) -> None:
    visibility = Visibility(written, Behind())
    with pytest.raises(InvalidRequest):
        await visibility.shown(4, 1_000, "a")
    [appended] = await written.append(CATALOG, [writes.removal("p4")])
    async with visibility.waiting(appended.offset, 1_000, "a"):
        pass
