"""The encoder without weights."""

import numpy as np

from services.embedding.hash_encoder import HashEncoder


def test_texts_that_share_words_are_nearer_than_those_that_do_not() -> None:
    vectors, _ = HashEncoder().encode_products(["wireless mouse for the office", "garden hose 20 m"])
    (query,) = HashEncoder().encode_queries(["wireless mouse"])
    assert query.vector @ vectors[0] > 0.5 > query.vector @ vectors[1]


def test_a_typo_stays_near() -> None:
    right, wrong, other = HashEncoder().encode_queries(["keyboard", "keybaord", "lamp"])
    assert right.vector @ wrong.vector > right.vector @ other.vector + 0.2


def test_states_are_a_row_a_word_and_meet_those_of_products() -> None:
    (query,) = HashEncoder().encode_queries(["red lamp"])
    _, (states,) = HashEncoder().encode_products(["tall red lamp"])
    assert (query.states.shape, query.hidden.shape, states.shape) == ((2, 128), (2, 384), (3, 128))
    np.testing.assert_allclose((query.states @ (states / 127).T).max(axis=1), 1, atol=0.03)


def test_long_texts_keep_forty_states() -> None:
    _, (states,) = HashEncoder().encode_products(["word " * 500])
    assert len(states) == 40


def test_it_is_the_same_in_every_process() -> None:
    (query,) = HashEncoder().encode_queries(["lamp"])
    assert np.flatnonzero(query.vector).tolist() == [115, 313, 338, 341, 379]
