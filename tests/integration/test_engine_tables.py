"""The engine writes tables of its pages and of shoppers' actions on them, while it serves pages."""

import asyncio
import json
from pathlib import Path

import pytest

from aisle.v1.events_pb2 import RecordEventsRequest, UserEvent
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from cli.files.indexed import index_file
from services.feedback.join.tables import Tables
from services.standalone import folder_tables
from services.standalone.local_join import TABLES
from services.standalone.standalone import Standalone
from shared.query_ids import query_hash
from tests.unit.feedback.join.scene import files, rows

WAIT_SECONDS = 60


@pytest.fixture
def data(tmp_path: Path) -> Path:
    titles = [json.dumps({"id": f"p{number}", "title": f"Kettle number {number}"}) for number in range(20)]
    (tmp_path / "catalog.jsonl").write_text("\n".join(titles))
    index_file(tmp_path / "catalog.jsonl", tmp_path / "shop")
    return tmp_path / "shop"


async def _search(engine: Standalone) -> SearchResponse:
    request = SearchRequest(query="kettle", visitor_id="ann", page_size=5, deadline_ms=20_000)
    return await engine.search.Search(request)


async def _counted(engine: Standalone, name: str, count: int) -> dict[str, int]:
    async with asyncio.timeout(WAIT_SECONDS):
        while (counts := dict((await engine.describe()).counts)).get(name) != count:
            await asyncio.sleep(0.05)
    return counts


async def test_a_click_is_in_the_tables_beside_its_page(data: Path) -> None:
    async with Standalone.open(data) as engine:
        page = await _search(engine)
        event = UserEvent(event_id="e1", action="click", visitor_id="ann", query_id=page.query_id)
        event.products.add(product_id=page.results[1].product.product_id, position=2)
        await engine.events.RecordEvents(RecordEventsRequest(events=[event]))
        counts = await _counted(engine, "join.interactions", 1)
        assert counts["pages"] == 1
        assert (await engine.describe()).waiting_for == ""
    await folder_tables.export(data)
    shown = rows(Tables(data / TABLES))
    assert [(row["position"], row["clicks"]) for row in shown] == [(1, 0), (2, 1), (3, 0), (4, 0), (5, 0)]
    assert {row["query_hash"] for row in shown} == {query_hash("kettle")}
    assert any(name.startswith("feature.") for name in shown[0])
    before = files(data / TABLES)
    await folder_tables.make_anew(data)
    assert files(data / TABLES) == before


async def test_without_the_join_there_are_no_tables(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_JOIN_ENABLED", "false")
    async with Standalone.open(data) as engine:
        await _search(engine)
        await asyncio.sleep(0.2)
        assert not (data / TABLES).exists()


async def test_tables_that_cannot_be_written_are_said_and_pages_go_on(data: Path) -> None:
    (data / TABLES).mkdir()
    (data / TABLES / "join.sqlite").write_bytes(b"no database, but long enough to be taken for one" * 10)
    async with Standalone.open(data) as engine:
        async with asyncio.timeout(WAIT_SECONDS):
            while not (await engine.describe()).waiting_for:
                await asyncio.sleep(0.05)
        assert "aisle tables --rebuild" in (await engine.describe()).waiting_for
        assert len((await _search(engine)).results) == 5
    assert (await folder_tables.make_anew(data)).record_count == 1
