from aisle.v1.search_pb2 import (
    TIER_FUSED,
)
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.shoes import shoes


async def test_each_result_is_explained_when_asked_for(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(explain=True))
    explanation = page.results[0].explanation
    assert list(explanation.matched_terms) == ["shoe"]
    assert explanation.contributions[0].feature == "block"
    assert (
        explanation.summary
        == "Matches 'shoe' in its text; close in meaning; raised most by a closer reading of its text."
    )


async def test_a_result_below_the_reranked_tier_is_explained_by_its_fused_score(
    gateway: Gateway,
) -> None:
    page = await gateway.search.Search(shoes(explain=True, max_tier=TIER_FUSED))
    explanation = page.results[0].explanation
    assert [(each.feature, each.contribution) for each in explanation.contributions] == [
        ("fused_score", page.results[0].relevance_score)
    ]
    assert explanation.summary == "Matches 'shoe' in its text; the closest in meaning."


async def test_nothing_is_explained_unasked(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes())
    assert not page.results[0].HasField("explanation")
