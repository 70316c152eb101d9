from __future__ import annotations

from collections import defaultdict
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import services.training.recommending.pairs as pairs_module
from services.training.recommending.interactions import OPEN, PURCHASE
from services.training.recommending.pairs import Pairs, counted_pairs, distinct_entries, parts_of_pairs
from services.training.recommending.product_memory import MemorySettings, build_product_memory
from tests.unit.training.recommending.shop_history import DAY, Line, purchases

_LINES = st.lists(
    st.tuples(
        st.sampled_from([f"v{number}" for number in range(6)]),
        st.sampled_from(["o1", "o2", "o3"]),
        st.sampled_from([f"p{number}" for number in range(7)]),
        st.integers(0, 40).map(float),
    ),
    max_size=60,
)


def _visitors_of_pairs(lines: list[Line], by_order: bool) -> dict[tuple[str, str], set[str]]:
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for visitor, order, product, _ in lines:
        groups[visitor, order if by_order else ""].add(product)
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (visitor, _), products in groups.items():
        for pair in permutations(products, 2):
            found[pair].add(visitor)
    return found


@settings(max_examples=60, deadline=None)
@given(_LINES, st.integers(1, 4), st.sampled_from([1, 50, 10_000]))
def test_every_pair_is_counted_by_distinct_visitors_in_parts_of_any_size(
    lines: list[Line], least: int, part: int
) -> None:
    told = purchases(lines)
    entries = distinct_entries(told.groups, told.products, told.visitors, np.ones(len(told)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs_module, "_PART_PAIRS", part)
        found = counted_pairs(entries, len(told.product_ids), least)
    names = [(told.product_ids[a], told.product_ids[b]) for a, b in zip(found.left, found.right, strict=True)]
    expected = {pair: len(who) for pair, who in _visitors_of_pairs(lines, True).items() if len(who) >= least}
    assert dict(zip(names, found.visitors.tolist(), strict=True)) == expected


@settings(max_examples=40, deadline=None)
@given(_LINES, st.sampled_from([PURCHASE, OPEN]))
def test_no_pair_of_a_memory_tells_what_fewer_visitors_did(lines: list[Line], kind: int) -> None:
    told = purchases(lines, kind)
    memory = build_product_memory(told, 50 * DAY, MemorySettings(least_pair_visitors=3))
    for name, by_order in (("bought", True), ("opened", True), ("owned", False)):
        allowed = {pair for pair, who in _visitors_of_pairs(lines, by_order).items() if len(who) >= 3}
        linked = getattr(memory, name).of(np.arange(len(memory)))
        for row, place in zip(linked.rows.tolist(), linked.places.tolist(), strict=True):
            assert (memory.product_ids[row], memory.product_ids[place]) in allowed


def test_a_pair_weighs_the_product_of_both_in_each_order() -> None:
    told = purchases([("v", "o1", "a", 0), ("v", "o1", "b", 0), ("v", "o2", "a", 0), ("v", "o2", "b", 0)])
    entries = distinct_entries(told.groups, told.products, told.visitors, np.full(len(told), 0.5))
    found = counted_pairs(entries, 2, 1)
    assert found.weights.tolist() == [0.5, 0.5]
    assert found.visitors.tolist() == [1, 1]


def test_a_large_order_pairs_its_heaviest_products_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "MAX_GROUP", 2)
    told = purchases([("v", "o", name, 0) for name in "abc"])
    entries = distinct_entries(told.groups, told.products, told.visitors, np.array([0.1, 0.5, 0.9]))
    assert sorted(entries.products.tolist()) == [1, 2]


def test_a_visitor_with_many_orders_pairs_its_heaviest_orders_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "MAX_GROUPS", 2)
    told = purchases([("v", order, name, 0) for order in ("o1", "o2", "o3") for name in "ab"])
    weights = np.repeat([0.2, 0.9, 0.5], 2)
    entries = distinct_entries(told.groups, told.products, told.visitors, weights)
    assert sorted(set(entries.weights.tolist())) == pytest.approx([0.5, 0.9])
    assert counted_pairs(entries, 2, 1).visitors.tolist() == [1, 1]


@pytest.mark.parametrize("part", [1, 7, 1_000])
def test_a_product_in_every_order_is_counted_in_bounded_steps(
    monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(pairs_module, "_PART_PAIRS", part)
    lines = [
        (f"v{visitor}", f"o{order}", name, 0.0) for visitor in range(9) for order in range(3) for name in "ab"
    ]
    told = purchases([*lines, ("w", "o", "c", 0), ("w", "o", "b", 0)])
    entries = distinct_entries(told.groups, told.products, told.visitors, np.ones(len(told)))
    parts = list(parts_of_pairs(entries, 3, 1))
    found = Pairs.joined(parts)
    columns = (found.left, found.right, found.visitors, found.weights)
    pairs = list(zip(*(column.tolist() for column in columns), strict=True))
    assert pairs == [(0, 1, 9, 27), (1, 0, 9, 27), (1, 2, 1, 1), (2, 1, 1, 1)]
    lefts = [left for part in parts for left in set(part.left.tolist())]
    assert len(lefts) == len(set(lefts)), "all pairs of a product are in one part"
