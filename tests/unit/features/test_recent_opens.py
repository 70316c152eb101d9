import numpy as np
import pytest

from services.feedback.feature_writer import FeatureWriter
from services.reranker.features import FEATURES
from services.training.learning.own_history import without_own_history
from shared.features.memory import MemoryFeatureStore
from shared.features.observation import Observation
from shared.features.page import read_page
from shared.features.recent_opens import HALF_LIVES_OPENS, PRIOR, recent_shares
from shared.features.scope import PageRequest
from shared.features.scopes.query import RECENT
from shared.query_ids import query_hash
from tests.unit.feedback.observations import DAY, did

NOON = 20_000.5 * DAY
QUERY = "red shoe"


async def shares(*told: Observation, least_visitors: int = 2) -> np.ndarray:
    """(half-lives, 2): the columns of p1 and p2 under the query."""
    store = MemoryFeatureStore()
    await FeatureWriter(store, "").apply(told)
    page = await read_page(store, PageRequest(("p1", "p2"), QUERY, "v1"), NOON)
    columns = page.columns(least_visitors)
    return np.array([columns[name] for name in RECENT])


def opens(product_id: str, count: int, days_ago: int, action: str = "click") -> list[Observation]:
    """Opens under the query, of one visitor each."""
    first = 1_000 * (100 - days_ago) + (500 if action == "view" else 0)
    return [
        did(
            action,
            product_id,
            offset=first + number,
            at=NOON - days_ago * DAY,
            visitor_id=f"v{number}",
            query_hash=query_hash(QUERY),
        )
        for number in range(count)
    ]


async def test_an_open_weighs_half_after_as_many_later_ones_as_the_half_life() -> None:
    found = await shares(*opens("p1", 20, days_ago=5), *opens("p2", 10, days_ago=1))
    for (of_old, of_new), half_life in zip(found, HALF_LIVES_OPENS, strict=True):
        old = 20 * 0.5 ** (10 / half_life)
        assert (of_old, of_new) == pytest.approx((old / (old + 10 + PRIOR), 10 / (old + 10 + PRIOR)))


async def test_the_newest_come_first_though_the_others_have_more() -> None:
    found = await shares(*opens("p1", 90, days_ago=2), *opens("p2", 30, days_ago=0))
    assert (found[:, 1] > found[:, 0]).tolist() == [True, False]


async def test_time_alone_changes_nothing_within_the_days_that_are_kept() -> None:
    newer = await shares(*opens("p1", 6, days_ago=3), *opens("p2", 4, days_ago=2))
    older = await shares(*opens("p1", 6, days_ago=20), *opens("p2", 4, days_ago=15))
    assert (newer == older).all() and newer.all()


async def test_days_that_are_not_kept_count_nothing() -> None:
    found = await shares(*opens("p1", 9, days_ago=40), *opens("p2", 4, days_ago=2))
    assert (found[:, 0] == 0).all() and (found[:, 1] > 0).all()


async def test_the_product_of_a_single_visitor_changes_nothing() -> None:
    with_one = await shares(*opens("p2", 4, days_ago=2), *opens("p1", 1, days_ago=0))
    without = await shares(*opens("p2", 4, days_ago=2))
    assert (with_one == without).all()


async def test_a_view_and_a_click_of_a_day_are_one_open() -> None:
    clicks = opens("p1", 5, days_ago=1)
    views = opens("p1", 5, days_ago=1, action="view")
    assert (await shares(*clicks) == await shares(*clicks, *views)).all()


def test_a_query_without_opens_has_zeros() -> None:
    assert not recent_shares(np.zeros((31, 3))).any()


def test_they_are_part_of_a_querys_own_history() -> None:
    features = np.ones((2, len(FEATURES)), np.float32)
    places = [FEATURES.index(name) for name in RECENT]
    assert not without_own_history(features)[:, places].any()
