"""Highlights come with products, over the wire and in one process."""

import pytest

from aisle.v1.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse, HighlightRequest
from services.retrieval import product_messages
from services.retrieval.retriever import Retriever
from services.retrieval.service import RetrievalService
from services.retrieval.snapshots import Snapshot, Snapshots
from shared.errors import InvalidRequest
from tests.contract.retrieval_doors import Door, served

IDS = ["a", "b", "c"]


def wanted(query: str, **options: object) -> FetchProductsRequest:
    return FetchProductsRequest(
        product_ids=IDS,
        highlight=HighlightRequest(query=query, **options),  # type: ignore[arg-type]
    )


def matched(response: FetchProductsResponse) -> list[list[str]]:
    return [
        [piece.text for each in product.highlights for piece in each.pieces if piece.matched]
        for product in response.highlights
    ]


async def test_the_words_of_the_query_are_marked_in_each_product(door: Door) -> None:
    response = await door.FetchProducts(wanted("red lamps"))
    assert matched(response) == [["Red", "lamp", "red"], ["lamp"], []]
    assert [each.field for each in response.highlights[0].highlights] == ["title", "attributes.color"]


async def test_both_doors_give_the_same_highlights(snapshot: Snapshot) -> None:
    local = RetrievalService(Snapshots(snapshot), Retriever())
    async with served(local) as wire:
        assert await wire.FetchProducts(wanted("lamp")) == await local.FetchProducts(wanted("lamp"))


async def test_nothing_is_marked_unasked(door: Door) -> None:
    assert not (await door.FetchProducts(FetchProductsRequest(product_ids=IDS))).highlights


async def test_highlights_count_for_the_size_of_a_page(door: Door) -> None:
    request = wanted("lamp")
    request.ClearField("highlight")
    products = (await door.FetchProducts(request)).products
    request.max_bytes = sum(product.ByteSize() for product in products)
    assert len((await door.FetchProducts(request)).products) == 3
    request.highlight.query = "lamp"
    assert len((await door.FetchProducts(request)).products) < 3


async def test_products_that_there_is_no_time_for_come_without(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 0.05, 0.2, 0.3])
    monkeypatch.setattr(product_messages, "monotonic", lambda: next(times))
    service = RetrievalService(Snapshots(snapshot), Retriever())
    response = await service.FetchProducts(wanted("lamp", budget_ms=100))
    assert (len(response.products), len(response.highlights)) == (3, 1)


@pytest.mark.parametrize(
    ("request_", "said"),
    [(wanted("lamp", snippet_length=1_001), "snippet_length"), (wanted("x" * 1_001), "query")],
)
async def test_what_cannot_be_marked_is_refused_by_name(
    door: Door, request_: FetchProductsRequest, said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        await door.FetchProducts(request_)
