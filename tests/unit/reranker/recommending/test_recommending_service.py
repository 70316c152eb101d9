"""The service for proposals and their order."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from aisle.v1.reranker_pb2 import ProposeRequest, RankProposalsRequest
from services.feedback.visitor_update import after
from services.reranker.feature_reader import FeatureReader
from services.reranker.opened import OpenedRerankers
from services.reranker.recommending.service import Recommender
from services.reranker.reranker import Reranker
from shared.errors import InvalidRequest, SnapshotGone, Unavailable
from shared.features.memory import MemoryFeatureStore
from shared.features.observation import Interaction
from shared.features.visitor import UNKNOWN_VISITOR, Visitor
from shared.product_memory.folder import PRODUCT_MEMORIES
from shared.product_memory.follower import ProductMemoryFollower
from tests.unit.product_memory.product_memories import product_memory

BOUGHT = {"p1": {"p2": 0.5, "p3": 0.9}}


class KnownVisitor(MemoryFeatureStore):
    """A visitor who viewed p1, bought p2, and has p3 in the cart."""

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        visitor = Visitor()
        for action, product_id in (("view", "p1"), ("purchase", "p2"), ("add_to_cart", "p3")):
            visitor.state = after(visitor.state, Interaction(action, "ann", (product_id,), time.time()))
        assert visitor.state != UNKNOWN_VISITOR
        return [visitor.encoded() if key == "v:ann" else None for key in keys]


class DownStore(MemoryFeatureStore):
    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        raise Unavailable("feature store: Redis does not answer")


@pytest.fixture
async def memory(tmp_path: Path) -> ProductMemoryFollower:
    made = product_memory(["p1", "p2", "p3"], bought=BOUGHT)
    PRODUCT_MEMORIES.write(PRODUCT_MEMORIES.root(tmp_path), "v1", made, 0.0)
    follower = ProductMemoryFollower(tmp_path)
    await follower.look()
    return follower


async def test_what_is_bought_with_the_seeds_is_proposed(
    reranker: Reranker, memory: ProductMemoryFollower
) -> None:
    recommender = Recommender(OpenedRerankers(reranker), None, memory)
    found = await recommender.propose(
        ProposeRequest(placement="also_bought", product_ids=["p1", "p1"], limit=10)
    )
    assert list(found.product_ids) == ["p3", "p2"]
    assert (list(found.near_product_ids), list(found.near_weights)) == (["p1"], [1.0])


async def test_a_visitor_is_known_by_what_it_bought_viewed_and_has_in_the_cart(reranker: Reranker) -> None:
    recommender = Recommender(OpenedRerankers(reranker), FeatureReader(KnownVisitor(), 1_000), None)
    found = await recommender.propose(ProposeRequest(placement="for_you", visitor_id="ann", limit=10))
    assert found.product_ids[0] == "p2"
    assert {"p1", "p2"} <= set(found.near_product_ids)
    assert list(found.exclude_product_ids) == ["p3"]
    seen = await recommender.propose(ProposeRequest(placement="recently_viewed", visitor_id="ann", limit=10))
    assert set(seen.product_ids) == {"p1", "p2", "p3"}
    assert not seen.exclude_product_ids


async def test_what_is_excluded_or_in_the_cart_leaves_its_place_to_others(
    reranker: Reranker, memory: ProductMemoryFollower
) -> None:
    recommender = Recommender(OpenedRerankers(reranker), FeatureReader(KnownVisitor(), 1_000), memory)
    asked = ProposeRequest(placement="also_bought", product_ids=["p1"], limit=1)
    assert (await recommender.propose(asked)).product_ids == ["p3"]
    asked.exclude_product_ids.append("p3")
    assert (await recommender.propose(asked)).product_ids == ["p2"]
    asked = ProposeRequest(placement="also_bought", product_ids=["p1"], visitor_id="ann", limit=1)
    assert (await recommender.propose(asked)).product_ids == ["p2"]


async def test_without_the_feature_store_the_note_says_so(reranker: Reranker) -> None:
    recommender = Recommender(OpenedRerankers(reranker), FeatureReader(DownStore(), 1_000), None)
    found = await recommender.propose(ProposeRequest(placement="for_you", visitor_id="ann", limit=10))
    assert list(found.degraded) == ["features: feature store: Redis does not answer"]
    assert not found.product_ids


async def test_near_products_come_before_others_and_contributions_add_up(reranker: Reranker) -> None:
    recommender = Recommender(OpenedRerankers(reranker), None, None)
    response = await recommender.rank(
        RankProposalsRequest(
            placement="similar",
            product_ids=["p0"],
            rows=[1, 2, 3],
            dense_scores=[0.1, 0.9, 0.5],
            explain_limit=3,
            feature_limit=2,
        )
    )
    assert list(response.order) == [1, 2, 0]
    assert len(response.feature_values) == 2 * 4 * len(response.feature_names)
    for score, explained in zip(response.relevance_scores, response.explanations, strict=True):
        assert sum(part.contribution for part in explained.contributions) == pytest.approx(score)


@pytest.mark.parametrize(
    ("placement", "reason"), [("new_arrivals", "publish_time"), ("recently_viewed", "recent_weight")]
)
async def test_a_placement_with_an_order_of_its_own_keeps_it_and_says_why(
    reranker: Reranker, placement: str, reason: str
) -> None:
    recommender = Recommender(OpenedRerankers(reranker), None, None)
    response = await recommender.rank(
        RankProposalsRequest(
            placement=placement, rows=[2, 1, 3], dense_scores=[0.1, 0.9, 0.5], explain_limit=2
        )
    )
    assert list(response.order) == [0, 1, 2]
    assert list(response.relevance_scores) == [3.0, 2.0, 1.0]
    assert [[part.feature for part in each.contributions] for each in response.explanations] == [[reason]] * 2


async def test_with_a_weight_of_diversity_scores_and_reasons_still_add_up(reranker: Reranker) -> None:
    request = RankProposalsRequest(
        placement="also_viewed", product_ids=["p0"], rows=[1, 2, 3], dense_scores=[0.1, 0.9, 0.8],
        explain_limit=3,
    )  # fmt: skip
    plain = await Recommender(OpenedRerankers(reranker), None, None).rank(request)
    found = await Recommender(OpenedRerankers(reranker), None, None, diversity=5.0).rank(request)
    assert sorted(found.order) == [0, 1, 2] and found.order[0] == plain.order[0]
    assert list(found.relevance_scores) != list(plain.relevance_scores)
    reasons = [each.feature for explained in found.explanations for each in explained.contributions]
    assert "like_earlier" in reasons
    for score, explained in zip(found.relevance_scores, found.explanations, strict=True):
        assert sum(part.contribution for part in explained.contributions) == pytest.approx(score)
    popular = RankProposalsRequest(placement="popular", rows=[1, 2, 3], dense_scores=[0, 0, 0])
    orders = [
        list((await Recommender(OpenedRerankers(reranker), None, None, weight).rank(popular)).order)
        for weight in (0.0, 5.0)
    ]
    assert orders[0] == orders[1]


async def test_faults_are_named(reranker: Reranker) -> None:
    recommender = Recommender(OpenedRerankers(reranker), None, None)
    with pytest.raises(InvalidRequest, match="placement: 'best' is unknown"):
        await recommender.propose(ProposeRequest(placement="best", limit=1))
    with pytest.raises(InvalidRequest, match="limit"):
        await recommender.propose(ProposeRequest(placement="popular"))
    with pytest.raises(InvalidRequest, match="dense_scores"):
        await recommender.rank(RankProposalsRequest(placement="popular", rows=[1]))
    with pytest.raises(SnapshotGone):
        await recommender.rank(RankProposalsRequest(placement="popular", snapshot_version="old"))
