import pytest

from shared.features.memory import MemoryFeatureStore
from shared.features.store import HALF_LIFE_SECONDS, NOBODY, TTL_SECONDS, RecentProduct, VisitorState


def state(session_id: str) -> VisitorState:
    return VisitorState(session_id=session_id)


async def test_an_unknown_visitor_is_nobody() -> None:
    assert await MemoryFeatureStore().visitor("v1") == NOBODY


async def test_the_visitor_not_seen_for_longest_is_forgotten() -> None:
    store = MemoryFeatureStore(max_visitors=2)
    await store.put_visitor("v1", state("s1"))
    await store.put_visitor("v2", state("s2"))
    await store.visitor("v1")
    await store.put_visitor("v3", state("s3"))
    assert [await store.visitor(visitor) for visitor in ("v1", "v2", "v3")] == [state("s1"), NOBODY, state("s3")]
    assert len(store) == 2


def test_a_weight_halves_with_its_half_life() -> None:
    product = RecentProduct("p1", 4.0, time_seconds=1_000.0)
    assert product.weight_at(1_000.0 + HALF_LIFE_SECONDS) == pytest.approx(2.0)
    assert product.weight_at(0.0) == 4.0  # an action from the future counts as one from now


def test_what_is_older_than_a_month_no_longer_counts() -> None:
    known = VisitorState((RecentProduct("new", 1.0, TTL_SECONDS), RecentProduct("old", 1.0, 0.0)))
    assert list(known.weights_at(TTL_SECONDS + 1)) == ["new"]
