from __future__ import annotations

import numpy as np
import pytest

from shared.product_memory.memory import LONG, MONTH, QUARTER, expected


def table(month: list[float], quarter: list[float], long: list[float]) -> np.ndarray:
    found = np.zeros((len(month), 6), np.float32)
    found[:, MONTH], found[:, QUARTER], found[:, LONG] = month, quarter, long
    return found


def test_where_few_buy_the_year_decides() -> None:
    found = expected(table([2, 1, 0], [2, 3, 0], [2, 60, 40]))
    assert np.argsort(-found).tolist() == [1, 2, 0]


def test_where_many_buy_the_month_decides_alone() -> None:
    month = [20_000.0, 25_000.0, 0.0]
    found = expected(table(month, [90_000, 30_000, 900], [400_000, 40_000, 90_000]))
    assert np.argsort(-found).tolist() == [1, 0, 2]
    assert found == pytest.approx(month, rel=0.1, abs=200)


def test_the_sum_is_that_of_the_month() -> None:
    found = expected(table([4, 6], [8, 9], [10, 50]))
    assert found.sum() == pytest.approx(10.0)


@pytest.mark.parametrize("count", [0, 2])
def test_without_any_purchase_nothing_is_expected(count: int) -> None:
    assert expected(np.zeros((count, 6), np.float32)).tolist() == [0.0] * count


def test_after_a_month_without_purchases_the_order_is_that_of_before() -> None:
    assert np.argsort(-expected(table([0, 0], [1, 3], [9, 9]))).tolist() == [1, 0]
