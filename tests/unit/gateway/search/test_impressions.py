from collections.abc import Sequence
from typing import Any

from aisle.v1 import window_pb2
from aisle.v1.events_pb2 import Impression
from aisle.v1.retrieval_pb2 import AnalyzeQueryResponse, RetrieveResponse
from aisle.v1.search_pb2 import TIER_FUSED, SearchRequest
from services.gateway.search.impressions import Impressions
from services.gateway.search.ranked_window import RankedWindow, fused
from shared.errors import StorageFull
from shared.events.log import SEARCH_LOGS, Appended, NewRecord
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.conftest import Gateway


async def logged(gateway: Gateway) -> list[Impression]:
    await gateway.search.close()
    records = await gateway.log.read(SEARCH_LOGS, 0)
    return [Impression.FromString(record.value or b"") for record in records]


async def test_a_page_that_no_shopper_sees_is_not_logged(gateway: Gateway) -> None:
    await gateway.search.Search(SearchRequest(query="shoe", deadline_ms=1_000, unlogged=True))
    await gateway.search.Search(SearchRequest(query="boot", deadline_ms=1_000))
    assert [page.query for page in await logged(gateway)] == ["boot"]


async def test_the_page_that_was_shown_is_logged_with_its_features(gateway: Gateway) -> None:
    request = SearchRequest(
        query="shoe", page_size=2, visitor_id="v1", experiment_ids=["e1"], deadline_ms=1_000
    )
    page = await gateway.search.Search(request)
    (impression,) = await logged(gateway)
    assert impression.query_id == page.query_id
    assert (impression.query, impression.visitor_id, list(impression.experiment_ids)) == (
        "shoe",
        "v1",
        ["e1"],
    )
    assert [(shown.product_id, shown.position) for shown in impression.products] == [
        ("p49", 1),
        ("p48", 2),
    ]
    assert list(impression.feature_names) == ["block", "price"]
    assert [list(shown.feature_values) for shown in impression.products] == [[1, 1], [1, 1]]
    assert (impression.snapshot_version, impression.bundle_version) == ("s1", "b1")


async def test_where_nobody_shops_nothing_is_logged(gateway: Gateway) -> None:
    search = gateway.with_config(log_impressions=False)
    assert (await search.Search(SearchRequest(query="shoe", deadline_ms=1_000))).results
    await search.close()
    assert await gateway.log.end_offset(SEARCH_LOGS) == 0


async def test_a_very_long_query_is_logged_as_far_as_it_was_read(gateway: Gateway) -> None:
    await gateway.search.Search(SearchRequest(query="shoe " * 10_000, deadline_ms=1_000))
    (impression,) = await logged(gateway)
    assert impression.query == ("shoe " * 10_000)[:1_000]


async def test_what_waits_for_the_log_is_a_copy(gateway: Gateway) -> None:
    message = window_pb2.RankedWindow(
        rows=[0, 1],
        product_ids=["p1", "p2"],
        relevance_scores=[0.5, 0.25],
    )
    impressions = Impressions(gateway.log, 10)
    impressions.publish(SearchRequest(query="shoe"), "q1", RankedWindow(message), range(1, 2))
    message.Clear()
    await impressions.flush()
    (impression,) = await logged(gateway)
    assert [(each.product_id, each.position, each.relevance_score) for each in impression.products] == [
        ("p2", 2, 0.25)
    ]


async def test_a_place_that_was_drawn_is_logged_with_its_chance(gateway: Gateway) -> None:
    message = window_pb2.RankedWindow(
        rows=[0, 1],
        product_ids=["p1", "p2"],
        relevance_scores=[0.5, 0.25],
        explored_place=2,
        explored_propensity=0.25,
    )
    gateway.search.parts.impressions.publish(
        SearchRequest(query="shoe"), "q1", RankedWindow(message), range(2)
    )
    (impression,) = await logged(gateway)
    first, second = impression.products
    assert not first.HasField("propensity") and second.propensity == 0.25


async def test_the_next_page_is_an_impression_of_its_own(gateway: Gateway) -> None:
    request = SearchRequest(query="shoe", page_size=2, deadline_ms=1_000)
    request.page_token = (await gateway.search.Search(request)).next_page_token
    await gateway.search.Search(request)
    first, second = await logged(gateway)
    assert first.query_id == second.query_id
    assert [shown.position for shown in second.products] == [3, 4]


async def test_below_the_reranked_tier_there_are_no_features(gateway: Gateway) -> None:
    await gateway.search.Search(SearchRequest(query="shoe", max_tier=TIER_FUSED, deadline_ms=1_000))
    (impression,) = await logged(gateway)
    assert not impression.feature_names and not impression.products[0].feature_values


ONE_PRODUCT = RankedWindow(
    fused(
        AnalyzeQueryResponse(query="shoe"),
        RetrieveResponse(rows=[0], product_ids=["p0"], fused_scores=[1.0]),
        (),
    )
)


class Refusing:
    """Takes the first append after `refusals`."""

    def __init__(self, log: SqliteEventLog, refusals: int) -> None:
        self.log = log
        self.refusals = refusals

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        if self.refusals > 0:
            self.refusals -= 1
            raise StorageFull("no room")
        return await self.log.append(topic, records)


def shown(impressions: Impressions, count: int) -> None:
    for number in range(count):
        impressions.publish(SearchRequest(query=f"shoe {number}"), f"q{number}", ONE_PRODUCT, range(1))


async def queries(gateway: Gateway) -> list[str]:
    records = await gateway.log.read(SEARCH_LOGS, 0)
    return [Impression.FromString(record.value or b"").query for record in records]


async def test_impressions_are_logged_in_the_order_of_the_pages(gateway: Gateway) -> None:
    impressions = Impressions(gateway.log, 1_000)
    shown(impressions, 700)
    await impressions.flush()
    assert await queries(gateway) == [f"shoe {number}" for number in range(700)]


async def test_what_the_log_refuses_is_dropped_and_counted_and_the_next_ones_are_logged(
    gateway: Gateway,
) -> None:
    refusing: Any = Refusing(gateway.log, 1)  # only append is used
    impressions = Impressions(refusing, 1_000)
    shown(impressions, 501)
    await impressions.flush()
    assert await queries(gateway) == ["shoe 500"]
    assert impressions.counts == {"dropped": 500, "appended": 1}


async def test_beyond_the_bound_the_oldest_is_dropped_and_counted(gateway: Gateway) -> None:
    impressions = Impressions(gateway.log, 2)
    shown(impressions, 5)
    await impressions.flush()
    assert await queries(gateway) == ["shoe 3", "shoe 4"]
    assert impressions.counts == {"dropped": 3, "appended": 2}


async def test_a_log_that_refuses_does_not_hold_up_the_page(gateway: Gateway) -> None:
    gateway.log = Refusing(gateway.log, 1_000)  # type: ignore[assignment]
    search = gateway.with_config()
    page = await search.Search(SearchRequest(query="shoe", deadline_ms=1_000))
    assert len(page.results) == 20
    await search.close()
