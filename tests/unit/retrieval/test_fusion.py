import numpy as np

from services.retrieval.fusion import fuse, in_order, ranks


def test_a_row_in_both_lists_is_before_rows_in_one() -> None:
    fused = fuse(np.array([5, 3, 9]), np.array([7, 9]))
    assert fused.rows.tolist() == [9, 5, 7, 3]
    assert np.isclose(fused.scores[0], 1 / 63 + 1 / 62)


def test_ranks_are_places_in_each_list_and_zero_outside() -> None:
    fused = fuse(np.array([5, 3]), np.array([7, 3]))
    assert dict(zip(fused.rows.tolist(), fused.lexical_ranks.tolist(), strict=True)) == {
        3: 2,
        5: 1,
        7: 0,
    }
    assert dict(zip(fused.rows.tolist(), fused.dense_ranks.tolist(), strict=True)) == {
        3: 2,
        5: 0,
        7: 1,
    }


def test_a_third_list_adds_its_rows_and_changes_no_rank_of_the_others() -> None:
    fused = fuse(np.array([5, 3]), np.array([7]), np.array([9, 5]))
    assert fused.rows.tolist() == [5, 7, 9, 3]
    assert np.isclose(fused.scores[0], 1 / 61 + 1 / 62)
    assert fused.lexical_ranks.tolist() == [1, 0, 0, 2]
    assert fused.dense_ranks.tolist() == [0, 1, 0, 0]


def test_ties_are_in_row_order() -> None:
    assert fuse(np.array([8, 2]), np.array([4, 6])).rows.tolist() == [4, 8, 2, 6]


def test_empty_lists_fuse_to_nothing() -> None:
    nothing = np.empty(0, np.int64)
    assert len(fuse(nothing, nothing).rows) == 0
    assert ranks(nothing, np.array([1, 2])).tolist() == [0, 0]


def test_a_given_order_is_kept_with_falling_scores() -> None:
    ordered = in_order(np.array([4, 1]), np.array([1]), np.array([9, 4]))
    assert ordered.rows.tolist() == [4, 1] and ordered.scores[0] > ordered.scores[1]
    assert ordered.lexical_ranks.tolist() == [0, 1] and ordered.dense_ranks.tolist() == [2, 0]
