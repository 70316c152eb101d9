import asyncio
from random import Random

from aisle.v1.search_pb2 import SearchRequest, SearchResponse, Tier
from bench.load import in_time
from bench.traffic import Asked, Traffic, closed_loop, open_loop
from shared.errors import Overloaded, Unavailable


async def _page(request: SearchRequest) -> SearchResponse:
    await asyncio.sleep(0.005)
    page = SearchResponse()
    page.served_by.tier = Tier.TIER_RERANKED
    return page


async def test_clients_of_a_closed_loop_wait_for_their_pages() -> None:
    traffic = await closed_loop(_page, ["a", "b"], clients=2, seconds=0.1)
    assert 2 <= len(traffic.pages) <= 2 * 0.1 / 0.005 + 2
    assert min(traffic.durations_ms("answered")) >= 5
    assert traffic.reranked_share() == 1


async def test_an_open_loop_asks_at_its_rate_however_slow_the_answers() -> None:
    async def slow(request: SearchRequest) -> SearchResponse:
        await asyncio.sleep(0.2)
        return SearchResponse()

    traffic = await open_loop(slow, ["a"], pages_per_second=500, seconds=0.2, random=Random(1))
    assert 70 <= len(traffic.pages) <= 130
    assert traffic.reranked_share() == 0


async def test_refusals_and_failures_are_told_apart() -> None:
    async def full(request: SearchRequest) -> SearchResponse:
        raise Overloaded("full") if request.query == "a" else Unavailable("gone")

    traffic = await open_loop(
        full,
        ["a", "b"],
        pages_per_second=500,
        seconds=0.05,
        random=Random(1),
    )
    assert traffic.share("refused") + traffic.share("failed") == 1
    assert traffic.share("refused") > 0
    assert traffic.rate("answered") == 0


def test_a_rate_is_in_time_when_its_pages_are_answered_within_the_limit() -> None:
    quick = Asked(10, "answered")
    late = Asked(101, "answered")
    refused = Asked(1, "refused")
    assert in_time(Traffic([quick] * 100 + [late], 1))
    assert not in_time(Traffic([quick] * 98 + [late] * 2, 1))
    assert not in_time(Traffic([quick] * 98 + [refused] * 2, 1))
    assert not in_time(Traffic([], 1))
