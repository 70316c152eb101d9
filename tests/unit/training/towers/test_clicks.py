from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from services.training.judged_shop import JudgedShop
from services.training.towers.clicks import Opened, by_time, read_opened, wanted_of
from tests.unit.training.learning.shop import FIRST_DAY, row, tables

TEXTS = {7: "Red Kettle", 8: "lamp"}


class Shop:
    """Knows p0 to p9."""

    def rows(self, product_ids: list[str]) -> list[int | None]:
        return [int(each[1:]) if each[1:].isdigit() else None for each in product_ids]

    def corrected(self, query: str) -> str:
        return query


def _read(folder: Path, *rows: dict[str, Any]) -> list[Opened]:
    return read_opened(tables(folder, list(rows), TEXTS))


def test_a_visitor_counts_once_for_a_query_and_product(tmp_path: Path) -> None:
    again: dict[str, Any] = {"visitor_id": "v", "clicks": 1}
    found = _read(tmp_path, row("a", 1, "p1", **again), row("b", 1, "p1", day=1, **again))
    assert [(each.query, each.product_id) for each in found] == [("red kettle", "p1")]


def test_what_does_not_count_teaches_nothing(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        row("a", 1, "p1"),
        row("b", 1, "p1", clicks=1, left_out="too_active"),
        row("c", 1, "p1", clicks=1, visitor_id=""),
        row("d", 1, "p1", clicks=1, query_hash=99),  # too few visitors typed it, so its text is unknown
        row("e", 1, "p2", views=1, query_hash=8),
    )
    assert [(each.query, each.product_id) for each in found] == [("lamp", "p2")]


def test_opens_are_in_the_order_of_time(tmp_path: Path) -> None:
    found = _read(tmp_path, row("a", 1, "p1", day=3, clicks=1), row("b", 1, "p2", day=1, clicks=1))
    assert [each.product_id for each in found] == ["p2", "p1"]
    assert found[1].seconds - found[0].seconds == timedelta(days=2).total_seconds()
    assert FIRST_DAY.year == 2026


def test_nothing_that_teaches_is_later_than_what_ends_training_or_measures() -> None:
    opened = [Opened(float(second // 3), f"query {second}", "p1") for second in range(100)]
    training, stopping, held_out = by_time(opened)
    assert training[-1].seconds < stopping[0].seconds
    assert stopping[-1].seconds < held_out[0].seconds
    assert len(training) + len(stopping) + len(held_out) == 100
    assert len(training) >= 75
    assert len(held_out) >= 8


def test_a_query_wants_what_was_opened_for_it_as_often_as_it_was() -> None:
    opened = [Opened(0, "kettle", each) for each in ("p1", "p1", "p2", "gone")]
    (wanted,) = wanted_of(cast(JudgedShop, Shop()), opened)
    assert wanted.weights == {1: 2.0, 2: 1.0}


def test_a_query_whose_products_are_gone_teaches_nothing() -> None:
    assert wanted_of(cast(JudgedShop, Shop()), [Opened(0, "kettle", "gone")]) == []
