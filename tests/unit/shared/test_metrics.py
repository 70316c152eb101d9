from math import log2

import pytest

from shared.metrics import (
    completed,
    condensed,
    judged_share,
    mean,
    ndcg,
    quantile,
    quantiles_ms,
    recall,
    reciprocal_rank,
)

GRADES = {"a": 3.0, "b": 2.0, "c": 1.0, "d": 0.0}


def test_the_ideal_order_has_an_ndcg_of_one() -> None:
    assert ndcg(["a", "b", "c", "d"], GRADES) == pytest.approx(1)


def test_ndcg_by_hand() -> None:
    ideal = 7 / log2(2) + 3 / log2(3) + 1 / log2(4)
    assert ndcg(["x", "b", "a"], GRADES) == pytest.approx((3 / log2(3) + 7 / log2(4)) / ideal)


def test_ndcg_takes_fractional_grades() -> None:
    ideal = (2**2.5 - 1) + (2**0.5 - 1) / log2(3)
    assert ndcg(["q", "p"], {"p": 2.5, "q": 0.5}) == pytest.approx(
        ((2**0.5 - 1) + (2**2.5 - 1) / log2(3)) / ideal
    )


def test_the_ideal_counts_judged_products_that_were_not_ranked() -> None:
    assert ndcg(["b"], GRADES) == pytest.approx(3 / (7 + 3 / log2(3) + 1 / 2))


def test_ndcg_ends_at_the_cut() -> None:
    assert ndcg([*"0123456789", "a"], GRADES) == 0


def test_a_query_without_a_good_product_says_nothing_about_ndcg() -> None:
    assert ndcg(["d"], {"d": 0.0}) is None


def test_the_condensed_ranking_is_cut_after_unjudged_products_are_taken_out() -> None:
    ranking = [*"0123456789", "b", "a"]
    assert condensed(ranking, GRADES) == ["b", "a"]


def test_recall_counts_grade_two_and_above() -> None:
    assert recall(["a", "c"], GRADES) == 0.5
    assert recall([*("x" * 100), "a"], GRADES) == 0
    assert recall(["c"], {"c": 1.0}) is None


def test_the_reciprocal_rank_is_of_the_first_relevant_product() -> None:
    assert reciprocal_rank(["c", "x", "b", "a"], GRADES) == pytest.approx(1 / 3)
    assert reciprocal_rank(["c"], GRADES) == 0
    assert reciprocal_rank(["c"], {"c": 1.0}) is None


def test_the_judged_share_is_of_the_results_there_are() -> None:
    assert judged_share(["a", "x", "d", "y"], GRADES) == 0.5
    assert judged_share([], GRADES) is None


def test_judged_products_that_no_leg_recalled_come_last_in_a_judged_list() -> None:
    assert completed(["c", "x", "a"], GRADES) == ["c", "a", "b", "d"]


def test_the_mean_leaves_out_queries_that_say_nothing() -> None:
    assert mean([1.0, None, 0.0]) == 0.5
    assert mean([None]) is None


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1, 100), (0.001, 1)])
def test_quantiles_are_by_nearest_rank(share: float, expected: float) -> None:
    assert quantile([float(value) for value in range(100, 0, -1)], share) == expected


def test_quantiles_of_nothing_are_zero() -> None:
    assert quantiles_ms([]) == {"p50": 0, "p95": 0, "p99": 0}
