import numpy as np

from services.reranker.affinity import affinity

RED, BLUE = np.eye(4, dtype=np.float32)[:2]
WEIGHTS = np.ones(1, dtype=np.float32)


def test_products_near_the_recent_ones_gain_and_others_lose() -> None:
    candidates = np.stack([RED, BLUE, RED + BLUE])
    scores = affinity(candidates, RED[None], WEIGHTS)
    assert scores[0] > scores[2] > scores[1]
    assert scores[0] > 0 > scores[1]


def test_no_product_gains_more_than_one() -> None:
    candidates = np.concatenate([RED[None], np.repeat(BLUE[None], 400, axis=0)])
    assert np.abs(affinity(candidates, RED[None], WEIGHTS)).max() <= 1


def test_a_heavier_recent_product_counts_more() -> None:
    candidates = np.stack([RED, BLUE])
    recent = np.stack([RED, BLUE])
    scores = affinity(candidates, recent, np.array([3, 1], dtype=np.float32))
    assert scores[0] > scores[1]


def test_without_recent_products_nothing_changes() -> None:
    none = np.zeros((0, 4), dtype=np.float32)
    assert not affinity(np.stack([RED, BLUE]), none, np.zeros(0, dtype=np.float32)).any()


def test_recent_products_that_cancel_out_change_nothing() -> None:
    recent = np.stack([RED, -RED])
    assert not affinity(np.stack([RED, BLUE]), recent, np.ones(2, dtype=np.float32)).any()


def test_candidates_that_are_all_alike_are_left_alone() -> None:
    assert not affinity(np.repeat(RED[None], 5, axis=0), RED[None], WEIGHTS).any()
