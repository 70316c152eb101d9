"""One page of recommendations, whatever is missing."""

from typing import Any

import pytest

from aisle.v1.events_pb2 import Impression
from aisle.v1.recommend_pb2 import RecommendRequest, RecommendResponse
from aisle.v1.search_pb2 import TIER_DENSE, TIER_RERANKED, AnyOf, Filter
from services.gateway.recommend.recommend_service import RecommendService
from services.gateway.signed_query_id import PageOwner, owner_of
from shared.errors import InvalidRequest, SnapshotGone, Unavailable
from shared.events.log import SEARCH_LOGS
from tests.unit.gateway.conftest import SIGNATURES, Gateway, failing, too_long

SIMILAR = RecommendRequest(placement="similar", product_ids=["p0"], page_size=4, deadline_ms=5_000)


def service(gateway: Gateway) -> RecommendService:
    return RecommendService(gateway.retrieval, gateway.reranker, gateway.search.parts)


def asked(**changes: Any) -> RecommendRequest:
    request = RecommendRequest()
    request.CopyFrom(SIMILAR)
    request.MergeFrom(RecommendRequest(**changes))
    return request


def ids(page: RecommendResponse) -> list[str]:
    return [result.product.product_id for result in page.results]


async def test_a_page_is_ranked_and_its_seed_is_not_on_it(gateway: Gateway) -> None:
    gateway.retrieval.product_count = 6
    page = await service(gateway).Recommend(asked(explain=True))
    assert ids(page) == ["p5", "p4", "p2", "p1"]  # the ranker of the test turns the order round
    assert [result.position for result in page.results] == [1, 2, 3, 4]
    assert page.served_by.tier == TIER_RERANKED
    assert page.served_by.bundle_version == "b1"
    assert not page.served_by.degraded
    assert all(result.explanation.summary for result in page.results)


async def test_pages_follow_each_other_and_repeat_nothing(gateway: Gateway) -> None:
    gateway.retrieval.product_count = 10
    recommend = service(gateway)
    first = await recommend.Recommend(SIMILAR)
    gateway.reranker.proposals = ("p1",)  # what is known has changed meanwhile
    second = await recommend.Recommend(asked(page_token=first.next_page_token))
    third = await recommend.Recommend(asked(page_token=second.next_page_token))
    assert sorted([*ids(first), *ids(second), *ids(third)]) == sorted(f"p{row}" for row in range(1, 10))
    assert third.next_page_token == ""
    assert first.query_id == second.query_id == third.query_id


async def test_a_token_of_another_placement_is_refused(gateway: Gateway) -> None:
    recommend = service(gateway)
    first = await recommend.Recommend(SIMILAR)
    with pytest.raises(InvalidRequest, match="page_token"):
        await recommend.Recommend(
            RecommendRequest(placement="also_bought", product_ids=["p0"], page_token=first.next_page_token)
        )


async def test_what_is_excluded_or_in_the_cart_or_a_seed_is_not_asked_for(gateway: Gateway) -> None:
    gateway.reranker.in_cart = ("p2",)
    await service(gateway).Recommend(asked(exclude_product_ids=["p1", "p0"]))
    assert list(gateway.retrieval.listed[0].exclude_product_ids) == ["p0", "p1", "p2"]
    assert list(gateway.reranker.proposed[0].exclude_product_ids) == ["p1", "p0"]


async def test_filters_are_passed_on(gateway: Gateway) -> None:
    red = Filter(field="tags", any_of=AnyOf(values=["red"]))
    await service(gateway).Recommend(asked(filters=[red]))
    assert list(gateway.retrieval.listed[0].filters) == [red]


async def test_filters_of_text_reach_retrieval_too(gateway: Gateway) -> None:
    request = RecommendRequest(placement="trending", where="tags:* AND NOT tags:sale")
    await service(gateway).Recommend(request)
    sale = Filter(field="tags", any_of=AnyOf(values=["sale"]), negate=True)
    assert list(gateway.retrieval.listed[0].filters) == [Filter(field="tags", exists=True), sale]
    with pytest.raises(InvalidRequest, match="where: at character 1"):
        await service(gateway).Recommend(RecommendRequest(placement="trending", where="tag:x"))


async def test_without_proposals_what_is_near_remains(gateway: Gateway) -> None:
    gateway.reranker.propose_trouble = failing(Unavailable("the store is down"))
    page = await service(gateway).Recommend(SIMILAR)
    assert len(page.results) == 4
    assert list(gateway.retrieval.listed[0].near_product_ids) == ["p0"]
    assert page.served_by.degraded == ["proposals: the store is down"]


async def test_without_a_ranker_the_candidates_keep_their_order(gateway: Gateway) -> None:
    gateway.reranker.trouble = too_long
    page = await service(gateway).Recommend(asked(deadline_ms=200))
    assert ids(page) == ["p7", "p3", "p1", "p2"]
    assert page.served_by.tier == TIER_DENSE
    assert page.served_by.degraded == ["reranker: deadline"]


async def test_a_snapshot_that_goes_is_asked_for_once_more(gateway: Gateway) -> None:
    gateway.reranker.trouble = failing(SnapshotGone("it is gone"))
    page = await service(gateway).Recommend(SIMILAR)
    assert len(page.results) == 4
    assert page.served_by.degraded == ["reranker: the snapshot changed"]


async def test_without_retrieval_the_error_says_what_to_do(gateway: Gateway) -> None:
    gateway.retrieval.trouble = failing(Unavailable("no snapshot"))
    with pytest.raises(Unavailable, match="retrieval: no snapshot; retry"):
        await service(gateway).Recommend(SIMILAR)


async def test_only_what_was_viewed_is_recently_viewed(gateway: Gateway) -> None:
    request = RecommendRequest(placement="recently_viewed", visitor_id="v1")
    await service(gateway).Recommend(request)
    assert not gateway.retrieval.listed[0].fill


async def test_the_page_is_logged_with_its_placement(gateway: Gateway) -> None:
    recommend = service(gateway)
    page = await recommend.Recommend(asked(visitor_id="v1"))
    await recommend.Recommend(asked(visitor_id="v1", unlogged=True))
    await gateway.search.close()
    records = await gateway.log.read(SEARCH_LOGS, 0, 10)
    (impression,) = [Impression.FromString(record.value or b"") for record in records]
    assert (impression.placement, list(impression.seed_product_ids)) == ("similar", ["p0"])
    assert [each.product_id for each in impression.products] == ids(page)
    assert all(each.feature_values for each in impression.products)
    assert owner_of(page.query_id, "v1", SIGNATURES) is PageOwner.VISITOR


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (RecommendRequest(), "placement: is required"),
        (RecommendRequest(placement="best"), "placement: 'best' is unknown; use one of: similar"),
        (RecommendRequest(placement="similar"), "product_ids: similar needs"),
        (RecommendRequest(placement="for_you"), "visitor_id: is required for for_you"),
        (RecommendRequest(placement="trending", deadline_ms=60_001), "deadline_ms"),
        (RecommendRequest(placement="trending", exclude_product_ids=["a", ""]), r"exclude_product_ids\[1\]"),
        (RecommendRequest(placement="similar", product_ids=["a"] * 101), "product_ids: 101 are too many"),
        (RecommendRequest(placement="trending", filters=[Filter(field="tags")]), r"filters\[0\]"),
    ],
)
async def test_a_fault_is_named(gateway: Gateway, request_: RecommendRequest, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field):
        await service(gateway).Recommend(request_)


async def test_pages_and_errors_are_counted(gateway: Gateway) -> None:
    recommend = service(gateway)
    await recommend.Recommend(SIMILAR)
    with pytest.raises(InvalidRequest):
        await recommend.Recommend(RecommendRequest())
    assert recommend.counts() == {"recommend.pages.similar": 1, "recommend.errors.InvalidRequest": 1}
