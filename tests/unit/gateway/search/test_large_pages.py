"""A page fits into what a client takes without settings of its own, 4 MiB."""

from aisle.v1 import window_pb2
from aisle.v1.search_pb2 import Facet, FacetValue, SearchResponse
from services.gateway.search.budget import Budget
from services.gateway.search.page import facets
from services.gateway.search.ranked_window import RankedWindow
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.search.test_impressions import logged
from tests.unit.gateway.search.test_paging import EVERYTHING, all_pages, ids, shoes

FOUR_MIB = 4 << 20


async def page(gateway: Gateway, page_size: int = 20) -> SearchResponse:
    return await gateway.search.Search(shoes(page_size=page_size))


async def test_a_page_of_large_products_is_shortened_and_says_so(gateway: Gateway) -> None:
    gateway.retrieval.padding = 800_000
    found = await page(gateway)
    assert 0 < len(found.results) < 20 and found.ByteSize() < FOUR_MIB
    notes = [note for note in found.served_by.degraded if note.startswith("products:")]
    assert notes == [
        f"products: {len(found.results)} of 20, so that the page stays within the 4 MiB that "
        "a client accepts; the next page has the others"
    ]


async def test_the_pages_after_a_shortened_one_go_on_where_it_ended(gateway: Gateway) -> None:
    gateway.retrieval.padding = 800_000
    pages = await all_pages(gateway.search, page_size=20)
    assert ids(*pages) == EVERYTHING
    assert [result.position for each in pages for result in each.results] == list(range(1, 51))


async def test_what_was_left_out_is_not_logged_as_shown(gateway: Gateway) -> None:
    gateway.retrieval.padding = 800_000
    found = await page(gateway)
    (impression,) = await logged(gateway)
    assert [product.product_id for product in impression.products] == ids(found)


async def test_a_product_that_is_larger_than_a_page_is_its_id(gateway: Gateway) -> None:
    gateway.retrieval.padding = 5_000_000
    found = await page(gateway)
    assert ids(found) == EVERYTHING[:1] and found.ByteSize() < 10_000
    assert any("'p49' the id alone" in note for note in found.served_by.degraded)
    assert ids(*await all_pages(gateway.search)) == EVERYTHING


async def test_an_ordinary_page_is_whole(gateway: Gateway) -> None:
    found = await page(gateway)
    assert len(found.results) == 20 and not list(found.served_by.degraded)


def test_facets_lose_their_least_frequent_values_before_they_fill_the_page() -> None:
    values = [
        FacetValue(value=f"{number:04d}" + "x" * 1_990, count=1_000 - number) for number in range(1_000)
    ]
    large = [Facet(field=field, values=values) for field in ("brands", "tags")]
    window = RankedWindow(
        window_pb2.RankedWindow(query="shoe", facets=large, rows=[0, 1], product_ids=["p1", "p2"])
    )
    budget = Budget(1_000)
    short = facets(window, budget)
    assert [facet.field for facet in short] == ["brands", "tags"]
    assert sum(facet.ByteSize() for facet in short) <= 1 << 20
    assert [value.value[:4] for value in short[0].values[:3]] == ["0000", "0001", "0002"]
    assert len(short[0].values) > 200
    assert budget.degraded == [
        "facets: the least frequent values are left out, so that the "
        "page stays within the 4 MiB that a client accepts"
    ]
