from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from services.reranker.features import FEATURES
from services.training.learning.own_history import without_own_history
from services.training.learning.pages import count_pages, read_pages
from tests.unit.training.learning.shop import FIRST_DAY, pages, row, tables


def test_pages_with_an_open_are_read_in_the_order_shown(tmp_path: Path) -> None:
    first = row("q1", 1, "a")
    first["feature.dense_z"] = 0.5
    kept = [row("q1", 2, "b", clicks=1), first]
    nothing_opened = [row("q2", 1, "a")]
    does_not_count = [row("q3", 1, "a", clicks=3, left_out="too_many")]
    found = read_pages(tables(tmp_path, [*kept, *nothing_opened, *does_not_count]), [FIRST_DAY], 10)
    assert len(found) == 1
    assert found.products.tolist() == ["a", "b"]
    assert found.opened.tolist() == [False, True]
    assert found.features[0, FEATURES.index("dense_z")] == 0.5
    assert np.isnan(found.features[1, FEATURES.index("price_log")])


def test_a_second_page_belongs_to_its_search(tmp_path: Path) -> None:
    later = row("q1", 3, "c", clicks=1)
    later["event_time"] += timedelta(minutes=1)
    found = read_pages(tables(tmp_path, [row("q1", 1, "a"), later, row("q1", 2, "b")]), [FIRST_DAY], 10)
    assert found.sizes.tolist() == [3]
    assert found.positions.tolist() == [1, 2, 3]


def test_the_newest_pages_are_kept_oldest_first(tmp_path: Path) -> None:
    rows = [row(f"q{day}", 1, f"p{day}", day=day, clicks=1) for day in range(4)]
    known = tables(tmp_path, rows)
    found = read_pages(known, known.days(), 2)
    assert found.products.tolist() == ["p2", "p3"]
    assert count_pages(known) == 4


def test_of_long_pages_the_first_rows_and_some_others_are_kept(tmp_path: Path) -> None:
    rows = [row("q1", position, f"p{position}", clicks=int(position == 90)) for position in range(1, 101)]
    found = read_pages(tables(tmp_path, rows), [FIRST_DAY], 10)
    assert found.positions[:20].tolist() == list(range(1, 21))
    assert 90 in found.positions
    assert 25 <= len(found.positions) <= 60
    again = read_pages(tables(tmp_path, rows), [FIRST_DAY], 10)
    assert again.positions.tolist() == found.positions.tolist()


def test_without_own_history_a_page_knows_its_products_still() -> None:
    places = {name: place for place, name in enumerate(FEATURES)}
    features = np.ones((1, len(FEATURES)), np.float32)
    features[0, places["product_open_rate_30d"]] = 0.25
    changed = without_own_history(features)[0]
    assert changed[places["query_opens_7d"]] == 0
    assert changed[places["query_open_share_total"]] == 0
    assert changed[places["query_open_rate_30d"]] == 0.25
    assert np.isnan(changed[places["query_idle_days"]])
    assert changed[places["product_opens_7d"]] == 1
    assert changed[places["near_spelling_opens"]] == 1


def test_some_pages_of_many() -> None:
    many = pages(10)
    some = many.at(np.arange(10) % 2 == 0)
    assert len(some) == 5
    assert some.sizes.sum() == len(some.opened) == len(some.features)
    assert some.seconds.tolist() == many.seconds[::2].tolist()
