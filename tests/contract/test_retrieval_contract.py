"""Retrieval answers alike over the wire and in one process."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from aisle.v1.catalog_pb2 import Product as ProductMessage
from aisle.v1.retrieval_pb2 import (
    AnalyzeQueryRequest,
    AnalyzeQueryResponse,
    FetchProductsRequest,
    RetrieveRequest,
)
from aisle.v1.search_pb2 import (
    TIER_DENSE,
    TIER_FUSED,
    TIER_LEXICAL,
    AnyOf,
    FacetRequest,
    Filter,
    NumberRange,
    QueryPart,
)
from services.retrieval.retriever import Retriever
from services.retrieval.service import RetrievalService
from services.retrieval.snapshots import Snapshot, Snapshots
from shared.errors import AisleError, InvalidRequest, SnapshotGone, Unavailable
from tests.contract.retrieval_doors import PRODUCTS, VECTOR, Door, served
from tests.unit.retrieval.snapshot_on_disk import DIM, write_snapshot


async def test_both_doors_give_the_same_candidates(snapshot: Snapshot) -> None:
    local = RetrievalService(Snapshots(snapshot), Retriever())
    request = RetrieveRequest(
        query="red lamp",
        vector=VECTOR,
        facets=[FacetRequest(field="brands")],
    )
    async with served(local) as wire:
        here, there = await local.Retrieve(request), await wire.Retrieve(request)
    for response in (here, there):
        response.stage_ms.clear()
    assert here == there and here.rows


async def test_candidates_come_as_equally_long_columns(door: Door) -> None:
    found = await door.Retrieve(RetrieveRequest(query="lamp", vector=VECTOR))
    columns: list[Any] = [
        found.lexical_scores,
        found.dense_scores,
        found.fused_scores,
        found.lexical_ranks,
        found.dense_ranks,
        found.product_ids,
    ]
    assert {len(column) for column in columns} == {len(found.rows)}
    fetched = await _fetched(door, found.rows)
    assert [product.product_id for product in fetched] == list(found.product_ids)
    assert found.snapshot_version == "v1"
    assert found.tier == TIER_FUSED
    assert found.total_count == len(found.rows)
    assert found.log_position == 9
    assert found.stage_ms.keys() >= {"lexical", "dense", "fuse", "facets"}


async def _fetched(door: Door, rows: Sequence[int]) -> Sequence[ProductMessage]:
    return (await door.FetchProducts(FetchProductsRequest(rows=rows))).products


async def test_every_kind_of_filter_crosses(door: Door) -> None:
    filters = [
        Filter(field="brands", any_of=AnyOf(values=["LUX", "hob"])),
        Filter(field="price", range=NumberRange(max=15)),
        Filter(field="attributes.color", exists=False, negate=True),
    ]
    found = await door.Retrieve(RetrieveRequest(filters=filters))
    assert list(found.product_ids) == ["a"]


async def test_facets_come_with_counts_and_ranges(door: Door) -> None:
    facets = [FacetRequest(field="brands", limit=1), FacetRequest(field="price")]
    brands, price = (await door.Retrieve(RetrieveRequest(facets=facets))).facets
    assert [(value.value, value.count) for value in brands.values] == [("Hob", 2)]
    assert not brands.HasField("range")
    assert (price.range.min, price.range.max) == (10, 20)


@pytest.mark.parametrize(
    ("tier", "ran"), [(TIER_LEXICAL, TIER_LEXICAL), (TIER_DENSE, TIER_DENSE), (0, TIER_FUSED)]
)
async def test_the_tier_asked_for_is_the_tier_that_ran(door: Door, tier: Any, ran: Any) -> None:
    found = await door.Retrieve(RetrieveRequest(query="lamp", vector=VECTOR, tier=tier))
    assert found.tier == ran


async def test_spelling_is_corrected_and_said_so(door: Door) -> None:
    encoder = "e@0123456789ab"
    misspelt = await door.AnalyzeQuery(AnalyzeQueryRequest(query="red lampp"))
    read = QueryPart(kind="correction", text="red lampp", meaning="red lamp")
    assert misspelt == AnalyzeQueryResponse(
        query="red lamp", corrected=True, encoder_version=encoder, shown_query="red lamp", reading=[read]
    )
    right = await door.AnalyzeQuery(AnalyzeQueryRequest(query="red lamp"))
    assert right == AnalyzeQueryResponse(query="red lamp", encoder_version=encoder, shown_query="red lamp")


@pytest.mark.parametrize(
    "query", ["", "\x00\x1f", "🎧", "x" * 1_000, "\u202e\u200b", "' OR 1=1; --", "\ufffd"]
)
async def test_any_query_has_a_defined_result(door: Door, query: str) -> None:
    analysed = (await door.AnalyzeQuery(AnalyzeQueryRequest(query=query))).query
    assert len(analysed) <= 1_000
    found = await door.Retrieve(RetrieveRequest(query=query))
    assert found.total_count == (0 if analysed else len(PRODUCTS))


async def test_a_query_that_is_too_long_is_refused(door: Door) -> None:
    with pytest.raises(InvalidRequest, match="query: has 1,001 characters; send at most 1,000"):
        await door.AnalyzeQuery(AnalyzeQueryRequest(query="x" * 1_001))
    with pytest.raises(InvalidRequest, match="query: has 1,001 characters; send at most 1,000"):
        await door.Retrieve(RetrieveRequest(query="x" * 1_001))


async def test_products_come_whole_in_the_order_of_the_rows(door: Door) -> None:
    found = await door.Retrieve(RetrieveRequest())
    rows = [found.rows[list(found.product_ids).index(product_id)] for product_id in ("c", "a")]
    fetched = await door.FetchProducts(FetchProductsRequest(rows=rows, query="red lamps"))
    assert [product.title for product in fetched.products] == ["Mug", "Red lamp"]
    assert list(fetched.matched_terms) == ["", "red lamps"]
    assert isinstance(fetched.products[0], ProductMessage)


async def test_products_come_by_their_ids_as_far_as_they_are_there(door: Door) -> None:
    fetched = await door.FetchProducts(FetchProductsRequest(product_ids=["b", "gone", "never", "a"]))
    assert [product.title for product in fetched.products] == ["Blue lamp", "Red lamp"]
    assert fetched.log_position == 9


async def test_a_write_that_is_shown_is_not_waited_for(door: Door) -> None:
    assert (await door.Retrieve(RetrieveRequest(wait_for_visible=9))).total_count == len(PRODUCTS)
    fetched = await door.FetchProducts(FetchProductsRequest(product_ids=["a"], wait_for_visible=9))
    assert fetched.products[0].price.amount == 10


async def test_a_write_that_is_not_shown_in_time_is_unavailable(door: Door) -> None:
    for request in (
        FetchProductsRequest(wait_for_visible=10, budget_ms=30),
        FetchProductsRequest(wait_for_visible=10),
    ):
        with pytest.raises(Unavailable, match="wait_for_visible: 10 is not shown yet, 9 is"):
            await door.FetchProducts(request)
    with pytest.raises(Unavailable, match="wait_for_visible: 10 is not shown yet"):
        await door.Retrieve(RetrieveRequest(wait_for_visible=10, budget_ms=30))


async def test_the_vectors_encoder_chooses_the_snapshot(door: Door) -> None:
    request = RetrieveRequest(query="lamp", vector=VECTOR, encoder_version="e@0123456789ab")
    assert (await door.Retrieve(request)).snapshot_version == "v1"
    request.encoder_version = "other@1"
    with pytest.raises(SnapshotGone, match="no snapshot of other@1 is open here"):
        await door.Retrieve(request)


@pytest.mark.parametrize(
    ("request_", "kind", "said"),
    [
        (
            RetrieveRequest(filters=[Filter(field="colour", exists=True)]),
            InvalidRequest,
            r"filters\.field.*'colour'",
        ),
        (RetrieveRequest(filters=[Filter(field="brands")]), InvalidRequest, r"filters\.condition.*brands"),
        (RetrieveRequest(filters=[Filter(field="brands", any_of=AnyOf())]), InvalidRequest, "1 to 1,000"),
        (RetrieveRequest(facets=[FacetRequest(field="brandz")]), InvalidRequest, "did you mean brands"),
        (RetrieveRequest(order_by="best"), InvalidRequest, "order_by"),
        (RetrieveRequest(query="lamp", vector=b"1234"), InvalidRequest, "vector: has 4 bytes"),
        (RetrieveRequest(query="lamp", vector=b"\xff" * 4 * DIM), InvalidRequest, "not finite"),
        (RetrieveRequest(limit=5_001), InvalidRequest, "limit"),
        (RetrieveRequest(snapshot_version="v0"), SnapshotGone, "v0 is not open here"),
    ],
)
async def test_a_request_that_cannot_be_answered_is_refused_by_name(
    door: Door, request_: RetrieveRequest, kind: type[AisleError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        await door.Retrieve(request_)


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (FetchProductsRequest(rows=[0] * 1_001), InvalidRequest),
        (FetchProductsRequest(product_ids=["a"] * 1_001), InvalidRequest),
        (FetchProductsRequest(rows=[0, 1_000_000]), Unavailable),
    ],
)
async def test_rows_that_are_not_there_are_refused(
    door: Door, request_: FetchProductsRequest, kind: type[AisleError]
) -> None:
    with pytest.raises(kind, match=r"rows|product_ids"):
        await door.FetchProducts(request_)


async def test_without_a_snapshot_retrieval_is_unavailable() -> None:
    async with served(RetrievalService(Snapshots(), Retriever())) as door:
        with pytest.raises(Unavailable, match="index a catalogue first"):
            await door.Retrieve(RetrieveRequest())


async def test_a_swap_leaves_searches_in_flight_with_their_snapshot(
    snapshot: Snapshot, tmp_path: Any
) -> None:
    snapshots = Snapshots(snapshot)
    service = RetrievalService(snapshots, Retriever())
    request = RetrieveRequest(query="lamp", vector=VECTOR)
    searching = asyncio.ensure_future(service.Retrieve(request))
    await asyncio.sleep(0)
    snapshots.swap(Snapshot.open(write_snapshot(tmp_path, PRODUCTS[:1], version="v2")))
    assert (await searching).snapshot_version == "v1"
    assert (await service.Retrieve(RetrieveRequest())).snapshot_version == "v2"
    earlier = await service.Retrieve(RetrieveRequest(snapshot_version="v1"))
    assert earlier.total_count == len(PRODUCTS)


@pytest.mark.parametrize(("max_bytes", "count"), [(0, 3), (1, 1), (40, 1), (10_000, 3)])
async def test_as_many_products_come_as_fit_and_at_least_one(
    door: Door,
    max_bytes: int,
    count: int,
) -> None:
    response = await door.FetchProducts(
        FetchProductsRequest(product_ids=["a", "b", "c"], max_bytes=max_bytes)
    )
    assert [product.product_id for product in response.products] == ["a", "b", "c"][:count]
    assert response.shortened == (count < 3)
