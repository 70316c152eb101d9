"""One shopper, or one script, does not change others' pages. Several shoppers do."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aisle.v1.admin_pb2 import GetStatusRequest
from aisle.v1.admin_pb2_grpc import AdminServiceStub
from aisle.v1.events_pb2 import EVENT_STATUS_ACCEPTED, EventProduct, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub
from cli.files.indexed import index_file
from services.standalone.standalone import Standalone
from shared.rpc.channels import connect
from tests.e2e.copied_bundles import promote_weighted

QUERY = "kettle"
WEIGHTS = {"query_opens_7d": 3.0, "product_opens_7d": 3.0}  # so much that a single open would show
EVENTS_AT_ONCE = 1_000
COUNTED_SECONDS = 300.0

pytestmark = pytest.mark.timeout(600)


@dataclass
class Shop:
    """A running engine, over the wire."""

    engine: Standalone
    search: Any
    events: Any
    admin: Any

    async def page(self, visitor_id: str) -> SearchResponse:
        request = SearchRequest(query=QUERY, visitor_id=visitor_id, page_size=20, deadline_ms=20_000)
        page: SearchResponse = await self.search.Search(request)
        assert not page.served_by.degraded
        return page

    async def seen_by_others(self) -> list[tuple[str, float]]:
        """Ids and scores of the page of a visitor who did nothing."""
        page = await self.page(f"stranger-{time.time_ns()}")
        return [(result.product.product_id, result.relevance_score) for result in page.results]

    async def send(self, events: Sequence[UserEvent]) -> set[str]:
        """Send events, and wait until all are counted or left out.

        Returns the reasons in the acknowledgements.
        """
        reasons: set[str] = set()
        for start in range(0, len(events), EVENTS_AT_ONCE):
            batch = RecordEventsRequest(events=events[start : start + EVENTS_AT_ONCE])
            acks = (await self.events.RecordEvents(batch)).acks
            assert {ack.status for ack in acks} == {EVENT_STATUS_ACCEPTED}
            reasons |= {ack.reason.partition(";")[0] for ack in acks}
        await self.until_applied()
        return reasons

    async def until_applied(self) -> None:
        async with asyncio.timeout(COUNTED_SECONDS):
            topics = ("aisle.user-events", "aisle.search-logs")
            counted, log = self.engine.features._counted, self.engine._log
            while any([counted.position(topic) < await log.end_offset(topic) for topic in topics]):
                await asyncio.sleep(0.05)

    async def left_out(self) -> dict[str, int]:
        """The number of records that are not counted, by reason, from GetStatus."""
        counts = (await self.admin.GetStatus(GetStatusRequest())).counts
        return {
            name.removeprefix("left_out."): count for name, count in counts.items() if "left_out." in name
        }


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """An engine with a ranker that reads what shoppers opened."""
    rows = [json.dumps({"id": f"p{n}", "title": f"Kettle number {n}"}) for n in range(20)]
    (tmp_path / "catalog.jsonl").write_text("\n".join(rows))
    index_file(tmp_path / "catalog.jsonl", tmp_path / "shop")
    promote_weighted(tmp_path / "shop" / "bundles", WEIGHTS)
    async with (
        Standalone.open(tmp_path / "shop") as engine,
        connect(f"127.0.0.1:{engine.port}") as channel,
    ):
        stubs = SearchServiceStub(channel), EventServiceStub(channel), AdminServiceStub(channel)
        yield Shop(engine, *stubs)


def click(number: int, visitor_id: str, product_id: str, query_id: str) -> UserEvent:
    product = EventProduct(product_id=product_id)
    name = f"{visitor_id}-{number}"
    return UserEvent(
        event_id=name, action="click", visitor_id=visitor_id, query_id=query_id, products=[product]
    )


async def test_a_script_that_clicks_a_hundred_thousand_times_changes_nobody_elses_page(shop: Shop) -> None:
    before = await shop.seen_by_others()
    last, _ = before[-1]
    page = await shop.page("script")
    reasons = await shop.send([click(n, "script", last, page.query_id) for n in range(100_000)])
    assert reasons == {""}
    assert await shop.seen_by_others() == before
    left_out = await shop.left_out()
    assert sum(left_out.values()) == 100_000 - 1
    assert set(left_out) == {"repeated", "too_fast"}
    mine = [result.product.product_id for result in (await shop.page("script")).results]
    assert mine != [product_id for product_id, _ in before]  # the shopper's own page changes


async def test_a_thousand_visitors_without_pages_of_their_own_change_nobodys_page(shop: Shop) -> None:
    before = await shop.seen_by_others()
    last, _ = before[-1]
    fakes = [f"fake-{number}" for number in range(1_000)]
    taken = (await shop.page("victim")).query_id
    nobodys = (await shop.page("")).query_id
    without = await shop.send([click(0, each, last, "") for each in fakes])
    stolen = await shop.send([click(1, each, last, taken) for each in fakes])
    forged = await shop.send([click(2, each, last, taken[:36] + ".forged") for each in fakes])
    public = await shop.send([click(3, each, last, nobodys) for each in fakes])
    assert (without, stolen) == ({""}, {"was given for another visitor's page"})
    assert (forged, public) == ({"was not given by this shop's Search"}, {""})
    assert await shop.seen_by_others() == before
    assert await shop.left_out() == {
        "without_page": 1_000,
        "unverified_query_id": 2_000,
        "page_of_nobody": 1_001,  # the page itself, too
    }


async def test_the_same_click_of_shoppers_with_pages_of_their_own_changes_others_pages(shop: Shop) -> None:
    before = await shop.seen_by_others()
    last, _ = before[-1]
    for number in range(3):
        visitor_id = f"shopper-{number}"
        await shop.send([click(0, visitor_id, last, (await shop.page(visitor_id)).query_id)])
        after = await shop.seen_by_others()
        assert (after == before) == (number == 0)
    assert after[0][0] == last
    assert await shop.left_out() == {}
