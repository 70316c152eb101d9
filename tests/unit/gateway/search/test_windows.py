from typing import Any

import numpy as np
import pytest

from aisle.v1 import window_pb2
from aisle.v1.reranker_pb2 import CandidateExplanation
from aisle.v1.search_pb2 import TIER_RERANKED, Contribution, Facet, FacetValue, Filter, QueryPart, Relaxation
from services.gateway.search.ranked_window import RankedWindow
from services.gateway.search.ranked_windows import MemoryWindows, SharedWindows
from tests.unit.gateway.memory_cache import MemoryCache

MIB = 1 << 20
MESSAGE = window_pb2.RankedWindow(
    query="shoe",
    corrected=True,
    snapshot_version="s1",
    bundle_version="b1",
    tier=TIER_RERANKED,
    degraded=("block: deadline (1 of 2)",),
    total_count=7,
    facets=(Facet(field="brands", values=[FacetValue(value="Acme", count=3)]),),
    rows=[4, 1_000_000],
    product_ids=["p4", "ü"],
    relevance_scores=[1 / 3, -2.5],
    dense_ranks=[1, 0],
    log_position=17,
    notes=("filters: no product has 'attributes.colour'",),
    explanations=[
        CandidateExplanation(contributions=[Contribution(feature="block", value=2, contribution=1.5)])
    ],
    placement="similar",
    explored_place=2,
    explored_propensity=0.25,
    seed_product_ids=["p1"],
    variant_counts=[3],
    places_before=400,
    by_meaning=[True, False],
    related_count=5,
    reading=[QueryPart(kind="price", text="under 9", meaning="up to 9")],
    shown_query="shoe under 9",
    suggested_query="shoes under 9",
    read_query="shoe",
    read_filters=[Filter(field="brands", exists=True)],
    relaxation=Relaxation(dropped_words=["purple"]),
    feature_names=("block", "price"),
    feature_values=np.array([[0.1, np.nan]], dtype="<f4").tobytes(),
)
WINDOW = RankedWindow(MESSAGE)


def window_with(**changes: Any) -> RankedWindow:
    message = window_pb2.RankedWindow()
    message.CopyFrom(MESSAGE)
    for name in changes:
        message.ClearField(name)  # type: ignore[arg-type]
    message.MergeFrom(window_pb2.RankedWindow(**changes))
    return RankedWindow(message)


def test_every_part_of_a_window_survives() -> None:
    again = RankedWindow.unpacked(WINDOW.packed())
    assert again is not None and again.message == MESSAGE
    np.testing.assert_array_equal(again.feature_values, np.array([[0.1, np.nan]], np.float32))
    untried = {field.name for field in MESSAGE.DESCRIPTOR.fields} - {
        field.name for field, _ in MESSAGE.ListFields()
    }
    assert not untried


def test_a_window_of_the_fused_tier_has_no_features() -> None:
    again = RankedWindow.unpacked(window_with(feature_names=(), feature_values=b"").packed())
    assert again is not None and (
        list(again.message.feature_names),
        again.feature_values.shape,
    ) == ([], (0, 0))


@pytest.mark.parametrize("value", [b"", b"x", WINDOW.packed()[:-9], b"\x78\x01garbage"])
def test_what_is_no_window_is_none(value: bytes) -> None:
    assert RankedWindow.unpacked(value) is None


async def test_a_window_is_forgotten_when_its_time_is_over() -> None:
    now = 0.0
    windows = MemoryWindows(10, MIB, ttl_seconds=600, clock_seconds=lambda: now)
    windows.keep("q1", WINDOW)
    now = 600
    assert await windows.get("q1") is WINDOW
    now = 601
    assert await windows.get("q1") is None and len(windows) == 0


async def test_the_window_unused_for_longest_makes_room() -> None:
    windows = MemoryWindows(2, MIB, ttl_seconds=600)
    windows.keep("q1", WINDOW)
    windows.keep("q2", WINDOW)
    await windows.get("q1")
    windows.keep("q3", WINDOW)
    assert [await windows.get(query_id) for query_id in ("q1", "q2", "q3")] == [
        WINDOW,
        None,
        WINDOW,
    ]


def with_facet(value_count: int) -> RankedWindow:
    values = [FacetValue(value=f"{number} " + "x" * 400, count=1) for number in range(value_count)]
    return window_with(facets=[Facet(field="attributes.long", values=values)])


async def test_large_windows_take_the_place_of_many() -> None:
    windows = MemoryWindows(500, MIB, ttl_seconds=600)
    large = with_facet(100)
    assert 40_000 < large.size_bytes < 60_000
    for number in range(500):
        windows.keep(f"q{number}", large)
    assert 15 < len(windows) <= MIB / large.size_bytes
    assert await windows.get("q499") is large and await windows.get("q0") is None


async def test_a_window_that_is_too_large_alone_is_not_kept_and_pushes_nothing_out() -> None:
    windows = MemoryWindows(500, 16 * MIB, ttl_seconds=600)
    cache = MemoryCache()
    shared = SharedWindows(windows, cache)
    shared.keep("q1", WINDOW)
    shared.keep("q2", with_facet(3_000))
    assert [await windows.get(query_id) for query_id in ("q1", "q2")] == [WINDOW, None]
    assert list(cache.values) == ["q1"]


async def test_another_gateway_finds_the_window_and_then_has_it_itself() -> None:
    cache = MemoryCache()
    one, two = (SharedWindows(MemoryWindows(10, MIB, 600), cache) for _ in range(2))
    one.keep("q1", WINDOW)
    for _ in range(2):
        found = await two.get("q1")
        assert found is not None and found.message.product_ids == MESSAGE.product_ids
    assert cache.gets == ["q1"]
    assert await two.get("q2") is None
