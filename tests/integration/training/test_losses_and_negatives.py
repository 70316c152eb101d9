import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.reranker.training.judged_list import JudgedList  # noqa: E402
from services.reranker.training.losses import listwise, margin_mse  # noqa: E402
from services.reranker.training.negatives import Negatives  # noqa: E402


def test_padding_does_not_change_the_list_loss() -> None:
    found = torch.tensor([[2.0, 1.0, 9.0]])
    grades = torch.tensor([[3.0, 0.0, 0.0]])
    padded = listwise(found, grades, torch.tensor([[True, True, False]]), 1)
    torch.testing.assert_close(
        padded, listwise(found[:, :2], grades[:, :2], torch.ones(1, 2, dtype=torch.bool), 1)
    )


def test_margins_do_not_care_about_a_shift() -> None:
    found = torch.tensor([[1.0, 2.0, 4.0]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    torch.testing.assert_close(margin_mse(found + 5, found, mask, 1), torch.tensor(0.0))


def test_the_margin_loss_is_the_mean_over_pairs() -> None:
    found = torch.tensor([[1.0, 2.0, 4.0]])
    teacher = torch.tensor([[0.0, 3.0, 1.0]])
    gaps = (found - teacher)[0]
    pairs = (gaps[:, None] - gaps[None, :]).square().mean()
    torch.testing.assert_close(margin_mse(found, teacher, torch.ones(1, 3, dtype=torch.bool), 1), pairs)


def test_hard_negatives_come_from_recall_and_are_not_judged() -> None:
    judged = JudgedList(0, np.array([3, 4]), np.array([3, 1], np.float32))
    negatives = Negatives(lambda _: np.arange(12), 100, hard=5, random=0, skipped=2)
    found = negatives.beside(judged, np.random.default_rng(0))
    assert set(found.rows[2:]) <= {2, *range(5, 12)}
    assert found.grades.tolist() == [3, 1, 0, 0, 0, 0, 0]
