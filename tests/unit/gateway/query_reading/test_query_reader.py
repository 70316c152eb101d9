"""A reader with a model server that answers well, badly, late, without end, or not at all."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from services.gateway.query_reading import query_reader
from services.gateway.query_reading.catalog_terms import CatalogTerms
from services.gateway.query_reading.chat_client import ChatClient
from services.gateway.query_reading.model_reading import AS_TYPED, ModelReading
from services.gateway.query_reading.query_reader import QueryReader
from shared.errors import Unavailable
from shared.stage import Missed
from tests.unit.gateway.query_reading.model_server import LAMPS, ModelServer, completion, response

TERMS = CatalogTerms({"brands": ["Lux", "Hob"]})
PATIENT_MS = 60_000.0

Opened = Callable[..., QueryReader]


async def terms() -> CatalogTerms:
    return TERMS


@pytest.fixture
async def opened(model: ModelServer) -> AsyncIterator[Opened]:
    readers = list[QueryReader]()

    def open_reader(
        timeout_seconds: float = 30.0, key: str = "", url: str = "", **limits: Any
    ) -> QueryReader:
        chat = ChatClient(url or model.url, "small", key, timeout_seconds)
        known: dict[str, Any] = {
            "terms": terms,
            "fair_ms": 50.0,
            "max_calls": 4,
            "max_bytes": 100_000,
            "ttl_seconds": 60.0,
        }
        readers.append(QueryReader(chat, **(known | limits)))
        return readers[-1]

    yield open_reader
    model.may_answer.set()
    for reader in readers:
        await reader.close()


async def read(reader: QueryReader, query: str = "a lux lamp", limit_ms: float = PATIENT_MS) -> ModelReading:
    return await reader.read(query, "", limit_ms)


async def ended(reader: QueryReader) -> None:
    """Wait until no call runs."""
    while calls := list(reader._calls.values()):
        await asyncio.wait(calls)
        await asyncio.sleep(0)


async def test_a_query_is_read_and_kept(model: ModelServer, opened: Opened) -> None:
    reader = opened(key="k-1")
    assert (await read(reader)).words == "lamp" and (await read(reader)).where == LAMPS["where"]
    [asked] = model.asked
    assert asked["model"] == "small" and '"Lux"' in asked["messages"][0]["content"]
    assert "authorization: bearer k-1" in model.headers[0].lower()
    assert model.queries == ["a lux lamp"] and "/v1/chat/completions" in model.headers[0]


async def test_languages_are_read_apart_and_a_single_word_not_at_all(
    model: ModelServer, opened: Opened
) -> None:
    reader = opened()
    await read(reader)
    await reader.read("a lux lamp", "de", PATIENT_MS)
    assert len(model.asked) == 2 and '"language": "de"' in model.asked[1]["messages"][1]["content"]
    assert await read(reader, "lamp") is AS_TYPED and len(model.asked) == 2


async def test_a_late_answer_is_for_the_next_page(model: ModelServer, opened: Opened) -> None:
    model.may_answer.clear()
    reader = opened()
    with pytest.raises(Missed, match="model: deadline"):
        await read(reader, limit_ms=1)
    model.may_answer.set()
    await ended(reader)
    assert (await read(reader, limit_ms=0)).words == "lamp" and len(model.asked) == 1


async def test_pages_with_one_query_share_a_call(model: ModelServer, opened: Opened) -> None:
    reader = opened()
    found = await asyncio.gather(*(read(reader) for _ in range(50)))
    assert {each.words for each in found} == {"lamp"} and len(model.asked) == 1


async def test_so_many_calls_run_at_once_and_no_more(model: ModelServer, opened: Opened) -> None:
    model.may_answer.clear()
    reader = opened(max_calls=2)
    pages = [asyncio.create_task(read(reader, f"lamp {number}")) for number in range(2)]
    while len(model.asked) < 2:
        await asyncio.sleep(0.001)
    with pytest.raises(Missed, match="2 other queries"):
        await read(reader, "lamp 9")
    model.may_answer.set()
    await asyncio.gather(*pages)
    assert model.most_running == 2
    assert (await read(reader, "lamp 9")).words == "lamp"


@pytest.mark.parametrize(
    "fault",
    [
        (response(b"no", "500 Internal Server Error"), "status 500"),
        (response(b"", "302 Found", "Location: http://127.0.0.1:9/\r\n"), "status 302"),
        (response(b"<html>"), "not a chat completion"),
        (response(b"[" * 60_000), "not a chat completion"),
        (response(b'{"choices": []}'), "not a chat completion"),
        (response(b'{"choices": [{"message": {"content": null}}]}'), "no text"),
        (response(b" " * (10 << 20)), "longer than 65,536 bytes"),
        (
            response(gzip.compress(b" " * (10 << 20)), header="Content-Encoding: gzip\r\n"),
            "not a chat completion",
        ),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "RemoteProtocolError"),
    ],
    ids=["status", "redirect", "html", "nested", "empty", "no text", "endless", "bomb", "no http"],
)
async def test_a_failure_is_named_and_the_reader_rests(
    model: ModelServer,
    opened: Opened,
    fault: tuple[bytes, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model.answer = fault[0]
    reader = opened()
    for query in ("a lux lamp", "another lamp"):
        with pytest.raises(Missed, match=f"model: .*{fault[1]}"):
            await read(reader, query)
    assert len(model.asked) == 1 and len(caplog.records) == 1  # the second was not sent
    monkeypatch.setattr(reader, "_rests_until", 0.0)
    model.answer = response(completion(LAMPS))
    assert (await read(reader)).words == "lamp"


async def test_a_server_that_is_down_or_never_ends_does_not_hold_a_call(
    model: ModelServer, opened: Opened
) -> None:
    with pytest.raises(Missed, match="model: ConnectError"):
        await read(opened(url="http://127.0.0.1:9/v1"))

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    model.send = drip
    with pytest.raises(Missed, match=r"no answer within 0\.1 s"):
        await read(opened(timeout_seconds=0.1))


async def test_an_unusable_answer_leaves_the_query_and_is_not_asked_for_again(
    model: ModelServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    model.answer = response(completion({"words": "lamp", "where": "nonsense:1\nFORGED LINE"}))
    reader = opened()
    for query in ("a lux lamp", "a lux lamp", "another lamp"):
        assert await read(reader, query) is AS_TYPED
    assert len(model.asked) == 2
    [record] = caplog.records  # one a minute
    assert record.levelno == logging.WARNING and "\n" not in record.getMessage()


async def test_readings_have_a_limit_in_bytes(model: ModelServer, opened: Opened) -> None:
    reader = opened(max_bytes=2_000)
    for number in range(20):
        await read(reader, f"lamp {number}")
    assert 0 < len(reader._readings) < 5 and reader._readings.currsize <= 2_000
    tiny = opened(max_bytes=10)
    assert (await read(tiny)).words == "lamp" and not tiny._readings


@pytest.mark.parametrize("error", [Unavailable("retrieval is down"), RuntimeError("a defect")])
async def test_without_the_fields_of_the_catalogue_nothing_is_asked(
    model: ModelServer, opened: Opened, error: Exception
) -> None:
    async def fail() -> CatalogTerms:
        raise error

    with pytest.raises(Missed, match="model"):
        await read(opened(terms=fail))
    assert model.asked == []


async def test_the_fields_are_gathered_once_in_a_while(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered: list[Awaitable[CatalogTerms]] = []

    def gather() -> Awaitable[CatalogTerms]:
        gathered.append(terms())
        return gathered[-1]

    reader = opened(terms=gather)
    await asyncio.gather(*(read(reader, f"lamp {number}") for number in range(4)))
    assert len(gathered) == 1
    monkeypatch.setattr(query_reader, "_TERMS_SECONDS", 0.0)
    monkeypatch.setattr(reader, "_terms_until", 0.0)
    await read(reader, "lamp 8")
    await read(reader, "lamp 9")
    assert len(gathered) == 3


async def test_closing_ends_the_calls(model: ModelServer, opened: Opened) -> None:
    model.may_answer.clear()
    reader = opened()
    page = asyncio.create_task(read(reader))
    while not model.asked:
        await asyncio.sleep(0.001)
    await reader.close()
    with pytest.raises(asyncio.CancelledError):
        await page
    assert not reader._calls
