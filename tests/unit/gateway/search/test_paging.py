import pytest

from aisle.v1.retrieval_pb2 import RetrieveRequest, RetrieveResponse
from aisle.v1.search_pb2 import (
    TIER_FUSED,
    TIER_RERANKED,
    VARIANTS_ALL,
    SearchRequest,
    SearchResponse,
)
from services.gateway.search import listing, ranking
from services.gateway.search.search_service import SearchService
from shared.errors import InvalidRequest, SnapshotGone
from tests.unit.gateway.conftest import Gateway, none
from tests.unit.gateway.memory_cache import MemoryCache


def shoes(page_token: str = "", page_size: int = 15, query: str = "shoe") -> SearchRequest:
    return SearchRequest(query=query, page_size=page_size, page_token=page_token, deadline_ms=1_000)


def ids(*pages: SearchResponse) -> list[str]:
    return [result.product.product_id for page in pages for result in page.results]


async def all_pages(search: SearchService, page_size: int = 15) -> list[SearchResponse]:
    pages = [await search.Search(shoes(page_size=page_size))]
    while pages[-1].next_page_token:
        pages.append(await search.Search(shoes(pages[-1].next_page_token, page_size)))
    return pages


EVERYTHING = [f"p{row}" for row in range(49, -1, -1)]


async def test_pages_show_everything_once_and_end(gateway: Gateway) -> None:
    pages = await all_pages(gateway.search)
    assert ids(*pages) == EVERYTHING
    assert [len(page.results) for page in pages] == [15, 15, 15, 5]
    assert [result.position for page in pages for result in page.results] == list(range(1, 51))


async def test_a_page_that_ends_with_the_window_is_the_last(gateway: Gateway) -> None:
    assert [len(page.results) for page in await all_pages(gateway.search, page_size=25)] == [25, 25]


async def test_pages_go_on_behind_the_window_until_all_are_shown(gateway: Gateway) -> None:
    pages = await all_pages(gateway.with_config(window_size=20))
    assert ids(*pages) == [f"p{row}" for row in [*range(19, -1, -1), *range(20, 50)]]
    assert [len(page.results) for page in pages] == [15, 15, 15, 5]
    assert {page.total_count for page in pages} == {50}
    results = [result for page in pages for result in page.results]
    assert [result.position for result in results] == list(range(1, 51))
    assert [result.variant_count for result in results] == [int(each[1:]) % 3 for each in ids(*pages)]
    scores = [result.relevance_score for result in results]
    assert scores[19:] == sorted(scores[19:], reverse=True)
    assert [page.served_by.tier for page in pages] == [*[TIER_RERANKED] * 2, *[TIER_FUSED] * 2]


async def test_what_follows_the_window_comes_in_parts_that_are_kept(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (listing, ranking):
        monkeypatch.setattr(module, "REST_SIZE", 8)
    search = gateway.with_config(window_size=20)
    pages = await all_pages(search, page_size=7)
    assert ids(*pages) == [f"p{row}" for row in [*range(19, -1, -1), *range(20, 50)]]
    assert [len(each.after_product_ids) for each in gateway.retrieval.requests] == [0, 0, 8, 8, 8]
    assert ids(await search.Search(shoes(pages[4].next_page_token, 7))) == ids(pages[5])
    assert len(gateway.retrieval.requests) == 5


async def test_what_comes_before_a_part_meanwhile_neither_repeats_nor_hides_a_product(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (listing, ranking):
        monkeypatch.setattr(module, "REST_SIZE", 10)
    search = gateway.with_config(window_size=10)
    pages = [await search.Search(shoes(page_size=20))]
    asked = gateway.retrieval.Retrieve

    async def without_some(request: RetrieveRequest, context: object = None) -> RetrieveResponse:
        request.exclude_product_ids.extend(["p11", "p13"])
        return await asked(request)

    monkeypatch.setattr(gateway.retrieval, "Retrieve", without_some)
    while pages[-1].next_page_token:
        pages.append(await search.Search(shoes(pages[-1].next_page_token, page_size=20)))
    assert ids(*pages) == [f"p{row}" for row in [*range(9, -1, -1), *range(10, 50)]]


async def test_a_new_snapshot_behind_the_window_goes_on_at_the_same_place(gateway: Gateway) -> None:
    search = gateway.with_config(window_size=10)
    pages = [await search.Search(shoes(page_size=20))]
    gateway.retrieval.snapshot_version = "s2"
    pages.append(await search.Search(shoes(pages[0].next_page_token, page_size=20)))
    assert ids(*pages) == [f"p{row}" for row in [*range(9, -1, -1), *range(10, 40)]]
    assert list(pages[1].served_by.degraded) == []


async def test_behind_the_window_a_vector_that_no_snapshot_fits_leaves_the_page_to_words(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = gateway.with_config(window_size=10)
    first = await search.Search(shoes(page_size=10))
    asked = gateway.retrieval.Retrieve

    async def without_encoder(request: RetrieveRequest, context: object = None) -> RetrieveResponse:
        if request.vector:
            raise SnapshotGone("encoder_version: no snapshot of e1 is open here")
        return await asked(request)

    monkeypatch.setattr(gateway.retrieval, "Retrieve", without_encoder)
    page = await search.Search(shoes(first.next_page_token, page_size=5))
    assert ids(page) == ["p10", "p11", "p12", "p13", "p14"]
    assert list(page.served_by.degraded) == ["embedding: the encoder changed"]


async def test_with_a_retrieval_of_an_older_version_pages_end_with_the_window(gateway: Gateway) -> None:
    gateway.retrieval.is_old = True
    pages = await all_pages(gateway.with_config(window_size=20))
    assert [len(page.results) for page in pages] == [15, 5]
    assert list(pages[1].served_by.degraded) == ["rest: retrieval is of an older version"]


async def test_a_larger_page_than_the_largest_is_the_largest_and_says_so(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(page_size=10**9))
    assert len(page.results) == 50
    assert list(page.served_by.notes) == ["page_size: a page has at most 200 results, not 1000000000"]


async def test_variants_are_asked_for_by_product_unless_all_are_wanted(gateway: Gateway) -> None:
    first = await gateway.search.Search(shoes())
    every = shoes()
    every.variants = VARIANTS_ALL
    await gateway.search.Search(every)
    assert [each.by_product for each in gateway.retrieval.requests] == [True, False]
    every.page_token = first.next_page_token
    with pytest.raises(InvalidRequest, match="page_token: belongs to another search"):
        await gateway.search.Search(every)


async def test_all_pages_belong_to_one_search_that_ran_once(gateway: Gateway) -> None:
    pages = await all_pages(gateway.search)
    assert len({page.query_id for page in pages}) == 1
    assert len(gateway.retrieval.requests) == len(gateway.reranker.requests) == 1


async def test_a_page_may_have_another_size_than_the_one_before(gateway: Gateway) -> None:
    first = await gateway.search.Search(shoes(page_size=10))
    second = await gateway.search.Search(shoes(first.next_page_token, page_size=5))
    assert ids(first, second) == EVERYTHING[:15]


async def test_a_new_snapshot_between_pages_goes_on_at_the_same_place(gateway: Gateway) -> None:
    first = await gateway.search.Search(shoes())
    gateway.retrieval.snapshot_version = "s2"
    second = await gateway.search.Search(shoes(first.next_page_token))
    assert ids(first, second) == EVERYTHING[:30]
    assert second.served_by.snapshot_version == "s2"
    assert second.query_id == first.query_id
    assert list(second.served_by.degraded) == []


async def test_after_a_restart_the_search_runs_again_and_goes_on(gateway: Gateway) -> None:
    first = await gateway.search.Search(shoes())
    second = await gateway.with_config().Search(shoes(first.next_page_token))
    assert ids(first, second) == EVERYTHING[:30]
    assert second.query_id == first.query_id


async def test_a_window_pushed_out_by_others_is_ranked_again(gateway: Gateway) -> None:
    search = gateway.with_config(max_windows=1)
    first = await search.Search(shoes())
    await search.Search(shoes(query="boot"))
    assert ids(first, await search.Search(shoes(first.next_page_token))) == EVERYTHING[:30]
    assert len(gateway.retrieval.requests) == 3


async def test_another_gateway_that_shares_windows_goes_on_without_ranking_again(
    gateway: Gateway,
) -> None:
    cache = MemoryCache()
    first = await gateway.with_config(cache).Search(shoes())
    second = await gateway.with_config(cache).Search(shoes(first.next_page_token))
    assert ids(first, second) == EVERYTHING[:30]
    assert (second.query_id, second.total_count) == (first.query_id, 50)
    assert len(gateway.retrieval.requests) == 1


async def test_a_shared_window_whose_snapshot_is_gone_is_ranked_again(gateway: Gateway) -> None:
    cache = MemoryCache()
    first = await gateway.with_config(cache).Search(shoes())
    gateway.retrieval.snapshot_version = "s2"
    second = await gateway.with_config(cache).Search(shoes(first.next_page_token))
    assert ids(first, second) == EVERYTHING[:30]
    assert (second.served_by.snapshot_version, list(second.served_by.degraded)) == ("s2", [])


async def test_a_degraded_window_stays_in_its_order_and_keeps_saying_why(gateway: Gateway) -> None:
    async def fail() -> None:
        raise ValueError("bad")

    gateway.reranker.trouble = fail
    first = await gateway.search.Search(shoes())
    gateway.reranker.trouble = none
    second = await gateway.search.Search(shoes(first.next_page_token))
    assert ids(first, second) == EVERYTHING[::-1][:30]
    assert (
        list(second.served_by.degraded) == list(first.served_by.degraded) == ["reranker: failed (ValueError)"]
    )


async def test_a_token_of_another_search_is_refused(gateway: Gateway) -> None:
    first = await gateway.search.Search(shoes())
    with pytest.raises(InvalidRequest, match="page_token: belongs to another search"):
        await gateway.search.Search(shoes(first.next_page_token, query="boot"))


@pytest.mark.parametrize("token", ["x", "ä", "AAAA", "!" * 60, "A" * 1_000])
async def test_what_is_no_token_is_refused(gateway: Gateway, token: str) -> None:
    with pytest.raises(InvalidRequest, match="page_token: is not a next_page_token"):
        await gateway.search.Search(shoes(token))


async def test_a_damaged_token_is_refused(gateway: Gateway) -> None:
    token = (await gateway.search.Search(shoes())).next_page_token
    damaged = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    with pytest.raises(InvalidRequest, match="page_token: is damaged"):
        await gateway.search.Search(shoes(damaged))
