import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.reranker.maxsim import maxsim
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.states import SCALE, TokenStates


def _query(states: Matrix, weights: Matrix) -> EncodedQuery:
    return EncodedQuery("red kettle", np.zeros((len(states), 2), dtype=np.float32), states, weights)


def _by_hand(query: EncodedQuery, products: list[Matrix]) -> list[float]:
    """The formula, one product and one token at a time."""
    total = query.token_weights.sum()
    return [
        sum(w * max(q @ p for p in product) for q, w in zip(query.states, query.token_weights, strict=True))
        / total
        if len(product)
        else 0.0
        for product in products
    ]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(1, 4), st.integers(0, 1000))
def test_it_is_the_weighted_mean_of_best_matches(
    counts: list[int],
    query_tokens: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    tokens = rng.integers(-127, 128, (sum(counts), 8)).astype(np.int8)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    states = rng.standard_normal((query_tokens, 8)).astype(np.float32)
    query = _query(states, rng.random(query_tokens).astype(np.float32) + 0.1)
    products = [tokens[a:b] * SCALE for a, b in itertools.pairwise(offsets)]
    scores = maxsim(query, TokenStates(tokens, offsets).gather(np.arange(len(counts))))
    np.testing.assert_allclose(scores, _by_hand(query, products), atol=1e-4)


def test_more_tokens_than_are_multiplied_at_a_time_are_all_seen() -> None:
    rng = np.random.default_rng(7)
    tokens = rng.integers(-127, 128, (60 * 40, 8)).astype(np.int8)
    offsets = np.arange(0, 60 * 40 + 1, 40)
    query = _query(rng.standard_normal((3, 8)).astype(np.float32), np.ones(3, np.float32))
    products = [tokens[a:b] * SCALE for a, b in itertools.pairwise(offsets)]
    scores = maxsim(query, TokenStates(tokens, offsets).gather(np.arange(60)))
    np.testing.assert_allclose(scores, _by_hand(query, products), atol=1e-4)


def test_a_query_whose_tokens_weigh_nothing_tells_no_product_apart() -> None:
    states = TokenStates(np.ones((2, 4), dtype=np.int8), np.array([0, 1, 2]))
    query = _query(np.ones((3, 4), dtype=np.float32), np.zeros(3, dtype=np.float32))
    assert maxsim(query, states.gather(np.array([0, 1]))).tolist() == [0, 0]


def test_a_product_with_the_query_s_own_states_scores_one() -> None:
    own = np.eye(4, dtype=np.float32)[:2]
    states = TokenStates(np.round(127 * own).astype(np.int8), np.array([0, 2]))
    score = maxsim(_query(own, np.array([3, 1], dtype=np.float32)), states.gather(np.array([0])))
    np.testing.assert_allclose(score, [1], atol=1e-6)
