from dataclasses import replace

import numpy as np
import pytest

from services.reranker.features import FEATURES, CandidateScores, feature_matrix
from services.reranker.query import Matrix

NAN = float("nan")


def _column(*values: float) -> Matrix:
    return np.array(values, dtype=np.float32)


SCORES = CandidateScores(
    lexical_score=_column(9, 0, 3, 3),
    dense_score=_column(0.9, 0.8, 0.7, 0.6),
    fused_score=_column(4, 3, 2, 1),
    lexical_rank=_column(1, 0, 2, 3),
    dense_rank=_column(1, 2, 3, 0),
    maxsim_score=_column(0.8, 0.6, 0.4, 0.2),
    block_score=_column(5, 3, NAN, NAN),
    price=_column(10, 20, 40, NAN),
    rating_average=_column(5, 3, NAN, 4),
    rating_count=_column(1, 100, 0, 100),
)


def _feature(name: str, scores: CandidateScores = SCORES) -> list[float]:
    values: list[float] = feature_matrix(scores)[:, FEATURES.index(name)].tolist()
    return values


def test_scores_are_compared_inside_their_query() -> None:
    doubled = replace(SCORES, fused_score=SCORES.fused_score * 2 + 7)
    assert _feature("fused_z", doubled) == pytest.approx(_feature("fused_z"))
    assert sum(_feature("fused_z")) == pytest.approx(0, abs=1e-6)


def test_a_candidate_without_a_block_score_keeps_its_earlier_place() -> None:
    block = _feature("block_z")
    assert block == sorted(block, reverse=True)
    assert np.isnan(_feature("block_score")[2:]).all()


def test_a_block_that_contradicts_the_earlier_order_says_nothing_about_the_others() -> None:
    block = _feature("block_z", replace(SCORES, block_score=_column(3, 5, NAN, NAN)))
    assert block == pytest.approx([-1, 1, 0, 0])


def test_without_any_block_score_the_block_is_silent() -> None:
    assert _feature("block_z", replace(SCORES, block_score=_column(NAN, NAN, NAN, NAN))) == [
        0,
        0,
        0,
        0,
    ]


def test_not_being_in_a_list_counts_nothing() -> None:
    assert _feature("lexical_reciprocal_rank") == pytest.approx([1 / 61, 0, 1 / 62, 1 / 63])


def test_prices_are_relative_to_the_usual_one_of_the_candidates() -> None:
    relative = _feature("price_relative")
    assert relative[0] < 0 == relative[1] < relative[2]
    assert np.isnan(relative[3])


def test_one_enthusiastic_rating_weighs_less_than_a_hundred_good_ones() -> None:
    ratings = _feature("rating_average")
    assert ratings[0] - 4 < 0.1
    assert ratings[1] < 3.2
    assert ratings[2] == pytest.approx(4)


def test_no_candidates_give_no_rows() -> None:
    empty = CandidateScores(*(np.zeros(0, dtype=np.float32) for _ in range(10)))
    assert feature_matrix(empty).shape == (0, len(FEATURES))
