"""Pages of a gateway with a model that reads queries."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aisle.v1.search_pb2 import SearchResponse
from services.gateway.config import GatewayConfig
from services.gateway.search.search_service import SearchService
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.query_reading.model_server import LAMPS, ModelServer, completion, response
from tests.unit.gateway.shoes import RERANKED, ids, shoes

QUERY = "a lamp by lux under fifty"


@pytest.fixture
async def search(gateway: Gateway, model: ModelServer) -> AsyncIterator[SearchService]:
    model.answer = response(completion({"words": "lamp", "where": "price:..50 AND availability:in_stock"}))
    service = gateway.with_config(query_reader=model.url, query_reader_model="small")
    yield service
    model.may_answer.set()
    await service.close()


async def page(search: SearchService, query: str = QUERY, **more: Any) -> SearchResponse:
    return await search.Search(shoes(**({"query": query, "deadline_ms": 60_000} | more)))


def searched(gateway: Gateway) -> list[tuple[str, list[str]]]:
    """The queries and the read filters that reached retrieval, but for those of the fields."""
    wanted = [request for request in gateway.retrieval.requests if request.query]
    return [(each.query, [filter_.field for filter_ in each.read_filters]) for each in wanted]


async def test_a_page_is_of_the_words_and_filters_that_were_read(
    gateway: Gateway, search: SearchService
) -> None:
    found = await page(search)
    assert ids(found) == RERANKED and searched(gateway) == [("lamp", ["price", "availability"])]
    assert gateway.embedding.queries == ["lamp"]
    [part] = found.reading
    assert (part.kind, part.text, part.meaning) == (
        "model",
        QUERY,
        "lamp; price:..50 AND availability:in_stock",
    )
    assert "model" in found.served_by.stage_ms and not found.served_by.degraded


async def test_the_request_keeps_its_own_filters(gateway: Gateway, search: SearchService) -> None:
    await page(search, where="brands:Hob")
    [wanted] = [request for request in gateway.retrieval.requests if request.query]
    assert [each.field for each in wanted.filters] == ["brands"] and len(wanted.read_filters) == 2


@pytest.mark.parametrize("kind", ["model", "all"])
async def test_a_query_that_is_to_stand_is_not_sent(
    gateway: Gateway, search: SearchService, model: ModelServer, kind: str
) -> None:
    found = await page(search, as_typed=[kind])
    assert not model.asked and not found.reading and searched(gateway) == [(QUERY, [])]


async def test_a_page_does_without_a_model_that_is_late_and_the_next_has_it(
    gateway: Gateway, search: SearchService, model: ModelServer
) -> None:
    model.may_answer.clear()
    found = await page(search, deadline_ms=500)
    assert "model: deadline" in found.served_by.degraded and searched(gateway) == [(QUERY, [])]
    assert search.counts()["degraded.model"] == 1
    model.may_answer.set()
    reader = search._model.reader
    assert reader is not None
    await asyncio.wait(list(reader._calls.values()))
    assert (await page(search)).reading and searched(gateway)[-1][0] == "lamp"


async def test_a_page_does_without_a_model_that_fails(
    gateway: Gateway, search: SearchService, model: ModelServer
) -> None:
    model.answer = response(b"", "503 Service Unavailable")
    found = await page(search)
    assert ids(found) == RERANKED and found.served_by.degraded == ["model: it answers with status 503"]


async def test_what_follows_a_window_is_read_as_the_window_was(
    gateway: Gateway, search: SearchService, model: ModelServer
) -> None:
    search = gateway.with_config(query_reader=model.url, query_reader_model="small", window_size=4)
    model.may_answer.clear()
    unread = await page(search, page_size=4, deadline_ms=500)
    model.may_answer.set()
    reader = search._model.reader
    assert reader is not None
    await asyncio.wait(list(reader._calls.values()))
    await page(search, page_size=4, page_token=unread.next_page_token)
    assert searched(gateway) == [(QUERY, []), (QUERY, [])]
    gateway.retrieval.requests.clear()
    first = await page(search, page_size=4)
    reader._readings.clear()
    model.answer = response(completion(LAMPS | {"words": "torch"}))
    await page(search, page_size=4, page_token=first.next_page_token)
    assert searched(gateway) == [("lamp", ["price", "availability"])] * 2
    await search.close()


async def test_without_the_setting_there_is_no_model(gateway: Gateway) -> None:
    found = await page(gateway.search)
    assert not found.reading and "model" not in found.served_by.stage_ms


@pytest.mark.parametrize(
    "settings",
    [
        {"query_reader": "localhost:8000", "query_reader_model": "small"},
        {"query_reader": "http://user:secret@host/v1", "query_reader_model": "small"},
        {"query_reader": "http://localhost:8000/v1"},
        {"query_reader_ttl_seconds": 0.0},
        {"query_reader_max_calls": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="query_reader"):
        GatewayConfig(**settings)
    assert "k-1" not in repr(GatewayConfig(query_reader_key="k-1"))
