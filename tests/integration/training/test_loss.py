import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.training.towers.lessons import Drawn  # noqa: E402
from services.training.towers.loss import TowerLoss, in_batch, state_drift, together, vector_drift  # noqa: E402
from services.training.towers.settings import TowerSettings  # noqa: E402


def _drawn() -> Drawn:
    """Query 0 wants products 0 and 1, query 1 wants 2."""
    return Drawn(
        queries=np.array([0, 1, 0]),
        rows=np.array([0, 2, 1]),
        negatives=np.array([[3], [1], [2]]),
        texts=["a", "b"],
        products=["p0", "p1", "p2", "p3"],
        known=[frozenset({0, 1}), frozenset({2})],
    )


def _loss(popularity_share: float = 1.0) -> TowerLoss:
    settings = TowerSettings(bf16=False, popularity_share=popularity_share)
    return TowerLoss(torch.nn.Identity(), torch.nn.Identity(), _drawn(), settings)


def test_the_loss_is_small_when_each_query_is_near_its_own_product() -> None:
    everything = torch.ones(3, 3, dtype=torch.bool)
    right = in_batch(10 * torch.eye(3), torch.zeros(3), everything)
    wrong = in_batch(10 * torch.eye(3).roll(1, 0), torch.zeros(3), everything)
    assert right < 0.01 < 5 < wrong


def test_a_popular_product_is_a_weaker_negative() -> None:
    scores = torch.zeros(2, 2, requires_grad=True)
    everything = torch.ones(2, 2, dtype=torch.bool)
    in_batch(scores, torch.tensor([2.0, 0.0]), everything).backward()
    pushed = scores.grad
    assert pushed is not None
    assert pushed[1, 0] < pushed[0, 1]  # the first product is the popular one


def test_what_a_query_wants_too_is_no_negative_of_it() -> None:
    _, counts = _loss()._corrections(torch.tensor([0, 1, 2]), 0)
    # columns: the products 0, 2, 1 of the pairs, then the negatives 3, 1, 2
    assert counts.tolist() == [
        [True, True, False, True, False, True],
        [True, True, True, True, True, False],
        [False, True, True, True, False, True],
    ]


def test_popularity_is_corrections_products_of_pairs_alone() -> None:
    corrections, _ = _loss(popularity_share=2.0)._corrections(torch.tensor([0, 1, 2]), 0)
    expected = 2 * _drawn().popularity()[[0, 2, 1]]
    np.testing.assert_allclose(corrections[:3], expected)
    assert not corrections[3:].any()


def test_drift_is_nothing_without_a_change_and_two_for_the_opposite() -> None:
    encoded = {
        "sentence_embedding": torch.eye(2),
        "token_embeddings": torch.ones(2, 3, 4),
        "attention_mask": torch.tensor([[1, 1, 0], [1, 1, 1]]),
    }
    turned = {
        **encoded,
        "sentence_embedding": -torch.eye(2),
        "token_embeddings": -torch.ones(2, 3, 4),
    }
    assert float(vector_drift([encoded], [encoded])) == pytest.approx(0)
    assert float(vector_drift([turned], [encoded])) == pytest.approx(2)
    assert float(state_drift([turned], [encoded])) == pytest.approx(2)


def test_states_of_padding_do_not_drift() -> None:
    mask = torch.tensor([[1, 0]])
    old = {"token_embeddings": torch.ones(1, 2, 4), "attention_mask": mask}
    new = {"token_embeddings": torch.tensor([[[1.0] * 4, [-1.0] * 4]]), "attention_mask": mask}
    assert float(state_drift([new], [old])) == pytest.approx(0)


def test_columns_are_padded_to_one_length() -> None:
    columns = [
        {"input_ids": torch.ones(2, width), "attention_mask": torch.ones(2, width)} for width in (3, 5)
    ]
    both = together(columns)
    assert both["input_ids"].shape == (4, 5)
    assert both["attention_mask"][:2, 3:].sum() == 0
