"""On some pages for a visitor a product comes up that few shoppers have seen."""

from dataclasses import replace

import pytest

from aisle.v1.reranker_pb2 import RankProposalsRequest, RerankResponse
from services.reranker.deadline import Deadline
from services.reranker.explanation import EXPLORATION
from services.reranker.exploration import Exploration
from services.reranker.feature_reader import FeatureReader
from services.reranker.opened import OpenedRerankers
from services.reranker.recommending.service import Recommender
from services.reranker.reranker import Reranker
from shared.features.memory import MemoryFeatureStore
from shared.features.page import StoredPage, keys_of
from shared.features.scope import PageRequest
from shared.stage import Missed
from tests.unit.reranker.test_exploration import Seen

ROWS = list(range(30))


class Counts(FeatureReader):
    """Shoppers were shown each product often, but for `new`. Counts how often products are read."""

    def __init__(self, new: str = "", is_late: bool = False) -> None:
        super().__init__(MemoryFeatureStore(), 1_000)
        self.new = new
        self.is_late = is_late
        self.read_products = 0

    async def read(self, request: PageRequest, deadline: Deadline) -> StoredPage:
        nothing = [None] * len(keys_of(request))
        if not request.product_ids:
            return StoredPage(request, nothing, 1e9)
        self.read_products += 1
        if self.is_late:
            raise Missed("features: late")
        often = tuple(3.0 if each == self.new else 50.0 for each in request.product_ids)
        return Seen(request, nothing, 1e9, often)


async def ranked(
    reranker: Reranker, counts: Counts, placement: str = "for_you", share: float = 1.0, explore: bool = True
) -> RerankResponse:
    curious = replace(reranker, exploration=Exploration(share))
    request = RankProposalsRequest(
        placement=placement,
        product_ids=["p59"],
        visitor_id="ann",
        rows=ROWS,
        dense_scores=[1 - row / 40 for row in ROWS],
        explain_limit=30,
        budget_ms=1_000,
        explore=explore,
    )
    return await Recommender(OpenedRerankers(curious), counts, None).rank(request)


async def test_the_best_product_that_few_have_seen_comes_up_and_says_why(reranker: Reranker) -> None:
    plain = await ranked(reranker, Counts(), explore=False)
    at = plain.order[20]
    found = await ranked(reranker, Counts(f"p{ROWS[at]}"))
    place = list(found.order).index(at)
    assert 4 <= place <= 8 and found.explored_place == place + 1
    assert found.explored_propensity == pytest.approx(0.2)
    assert [each for each in found.order if each != at] == [each for each in plain.order if each != at]
    assert list(found.relevance_scores) == sorted(found.relevance_scores, reverse=True)
    parts = {part.feature: part.contribution for part in found.explanations[place].contributions}
    assert parts[EXPLORATION] > 0
    assert sum(parts.values()) == pytest.approx(found.relevance_scores[place])


@pytest.mark.parametrize("change", [{"placement": "also_bought"}, {"share": 0.0}, {"explore": False}])
async def test_other_pages_stay_and_read_nothing_more(reranker: Reranker, change: dict[str, object]) -> None:
    counts = Counts("p20")
    found = await ranked(reranker, counts, **change)  # type: ignore[arg-type]
    assert found.explored_place == 0 and counts.read_products == 0


async def test_a_page_stays_where_every_product_is_known(reranker: Reranker) -> None:
    counts = Counts()
    found = await ranked(reranker, counts)
    assert found.explored_place == 0 and counts.read_products == 1


async def test_a_late_store_leaves_the_page_as_it_is_and_is_named(reranker: Reranker) -> None:
    found = await ranked(reranker, Counts("p20", is_late=True))
    assert found.explored_place == 0 and list(found.degraded) == ["features: late"]
