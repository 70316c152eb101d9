import numpy as np

from services.reranker.states import SCALE, TokenStates

TOKENS = np.arange(24, dtype=np.int8).reshape(6, 4)
STATES = TokenStates(TOKENS, np.array([0, 2, 2, 6]))  # three products: two tokens, none, four


def test_gathering_follows_the_order_of_the_rows() -> None:
    gathered = STATES.gather(np.array([2, 1, 0, 2]))
    assert gathered.counts.tolist() == [4, 0, 2, 4]
    assert gathered.starts.tolist() == [0, 4, 4, 6]
    assert gathered.values.tolist() == np.concatenate([TOKENS[2:6], TOKENS[:2], TOKENS[2:6]]).tolist()


def test_padding_is_masked_and_real_states_are_scaled_back() -> None:
    padded, mask = STATES.padded(np.array([0, 1, 2]))
    assert padded.dtype == np.float32
    assert mask.sum(axis=1).tolist() == [2, 0, 4]
    np.testing.assert_allclose(padded[0][mask[0]], TOKENS[:2] * SCALE)
    np.testing.assert_allclose(padded[2][mask[2]], TOKENS[2:6] * SCALE)


def test_products_without_any_state_still_give_a_block_of_one_masked_place() -> None:
    padded, mask = STATES.padded(np.array([1]))
    assert padded.shape == (1, 1, 4)
    assert not mask.any()


def test_no_rows_gather_nothing() -> None:
    assert STATES.gather(np.array([], dtype=np.int64)).values.shape == (0, 4)
