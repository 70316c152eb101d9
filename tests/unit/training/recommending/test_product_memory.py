from __future__ import annotations

import numpy as np
import pytest

from services.training.recommending.interactions import OPEN
from services.training.recommending.product_memory import MemorySettings, build_product_memory
from shared.product_memory.memory import DAY, DECAYED, MONTH, QUARTER, WEEK
from tests.unit.training.recommending.shop_history import DAY as SECONDS
from tests.unit.training.recommending.shop_history import Line, purchases

_ANY = MemorySettings(least_pair_visitors=1, least_visitors=1)


def _orders(count: int, products: str, day: float, begin: int = 0) -> list[Line]:
    """One order of these products by each visitor."""
    return [(f"v{begin + n}", f"o{day}", product, day) for n in range(count) for product in products]


def test_products_bought_together_more_often_come_first() -> None:
    lines = purchases([*_orders(6, "ab", 1), *_orders(3, "ac", 2, 10), *_orders(3, "d", 2, 20)])
    memory = build_product_memory(lines, 3 * SECONDS, _ANY)
    of_a = memory.bought.of(np.array([0]))
    assert [memory.product_ids[place] for place in of_a.places] == ["b", "c"]
    assert of_a.scores[0] > of_a.scores[1] > 0
    assert len(memory.opened.places) == 0


def test_what_happens_after_the_moment_is_not_known() -> None:
    lines = purchases([*_orders(6, "ab", 1), *_orders(6, "ac", 5)])
    memory = build_product_memory(lines, 3 * SECONDS, _ANY)
    assert [memory.product_ids[place] for place in memory.bought.places] == ["b", "a"]
    assert memory.purchases[2].tolist() == [0, 0, 0, 0, 0, 0]


def test_popularity_counts_a_visitor_once_a_day_in_each_window() -> None:
    twice = [
        ("v", "o1", "a", 99.0),
        ("v", "o2", "a", 99.0),
        ("w", "o", "a", 95.0),
        ("v", "o3", "a", 20.0),
    ]
    memory = build_product_memory(purchases(twice), 100 * SECONDS, _ANY)
    counts = memory.purchases[0]
    assert [counts[DAY], counts[WEEK], counts[MONTH], counts[QUARTER]] == [1, 2, 2, 3]
    assert 1.0 < counts[DECAYED] < 2.0
    assert memory.first_purchases[0, [WEEK, QUARTER]].tolist() == [1, 2]


def test_nothing_is_known_of_a_product_of_one_visitor() -> None:
    again = [line for day in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0) for line in _orders(1, "ab", day)]
    memory = build_product_memory(purchases([*again, *_orders(2, "c", 1, 10)]), 8 * SECONDS)
    assert not memory.purchases[:2].any() and memory.purchases[2].any()
    for column in (memory.repeat_days, memory.first_day, memory.price):
        assert np.isnan(column[:2]).all()
    assert memory.repeat_rate[0] == memory.repeat_rate[1] == memory.repeat_rate[2] == 0
    assert not memory.owned.of(np.array([0])).places.size


def test_products_that_are_bought_again_are_known() -> None:
    again = [line for day in (1.0, 11.0, 21.0) for line in _orders(4, "a", day)]
    memory = build_product_memory(purchases([*again, *_orders(4, "b", 1)]), 30 * SECONDS, _ANY)
    assert memory.repeat_rate[0] > memory.repeat_rate[1]
    assert memory.repeat_days[0] == 10.0
    assert np.isnan(memory.repeat_days[1])
    assert memory.first_day.tolist() == [1.0, 1.0]
    assert memory.price.tolist() == [1.0, 1.0]


def test_opens_make_their_own_neighbours_and_no_purchases() -> None:
    memory = build_product_memory(purchases(_orders(5, "ab", 1), OPEN), 2 * SECONDS)
    assert memory.opened.places.tolist() == [1, 0]
    assert not memory.purchases.any()
    assert memory.opens[0, WEEK] == 5


def test_owning_does_not_count_what_a_third_product_explains() -> None:
    lines = purchases(
        [line for n in range(30) for line in _orders(1, "ab" if n % 2 else "abc" if n % 4 else "c", n, n)]
    )
    memory = build_product_memory(lines, 31 * SECONDS, _ANY)
    of_a = memory.owned.of(np.array([0]))
    assert memory.product_ids[int(of_a.places[0])] == "b"


def test_what_goes_together_lately_is_known_beside_what_always_did() -> None:
    old = [line for n in range(30) for line in _orders(1, "ab" if n % 3 else "d", n / 30, n)]
    new = [line for n in range(30) for line in _orders(1, "ac" if n % 3 else "d", 400 + n / 30, 50 + n)]
    memory = build_product_memory(purchases([*old, *new]), 402 * SECONDS, _ANY)
    in_both = memory.owned.of(np.array([0]))
    lately = memory.owned_lately.of(np.array([0]))
    assert memory.product_ids[int(lately.places[0])] == "c"
    share = dict(zip(in_both.places.tolist(), in_both.scores.tolist(), strict=True))
    share_lately = dict(zip(lately.places.tolist(), lately.scores.tolist(), strict=True))
    assert share_lately.get(1, 0.0) / share_lately[2] < share[1] / share[2]


@pytest.mark.parametrize("kind", [0, 1])
def test_a_shop_without_interactions_has_an_empty_memory(kind: int) -> None:
    memory = build_product_memory(purchases([], kind), 1.0)
    assert len(memory) == 0
    memory.warm()
