"""Training losses over padded lists; scores, grades and mask are (lists, n).

Each takes what it is a mean over, counted over the whole batch: where the lists are a rank's part
of one, the losses of all parts add up.
"""

from torch import Tensor
from torch.nn import functional

_FAR = -1e4  # score of padding


def listwise(scores: Tensor, grades: Tensor, mask: Tensor, useful_lists: int) -> Tensor:
    """ListNet (Cao et al., ICML 2007): cross-entropy between softmax(scores) and the gains 2^grade - 1.

    Lists without a grade above 0 teach nothing; `useful_lists` counts the others.
    """
    gains = (2**grades - 1) * mask
    wanted = gains / gains.sum(dim=1, keepdim=True).clamp(min=1e-6)
    useful = (gains.sum(dim=1) > 0).float()
    return (_cross_entropy(scores, wanted, mask) * useful).sum() / max(useful_lists, 1)


def listwise_to_teacher(scores: Tensor, teacher: Tensor, mask: Tensor, lists: int) -> Tensor:
    """The same with the softmax of the teacher's scores in place of the gains."""
    wanted = teacher.masked_fill(~mask, _FAR).softmax(dim=1)
    return _cross_entropy(scores, wanted, mask).sum() / lists


def pointwise(scores: Tensor, grades: Tensor, mask: Tensor, products: int) -> Tensor:
    """Binary cross-entropy with grade / 3: keeps scores of different queries comparable."""
    loss = functional.binary_cross_entropy_with_logits(scores, grades / 3, reduction="none")
    return (loss * mask).sum() / products


def margin_mse(scores: Tensor, teacher: Tensor, mask: Tensor, lists: int) -> Tensor:
    """Squared difference of all pairwise margins (Hofstätter et al., 2020).

    Over all pairs of a list this equals twice the variance of scores - teacher, which takes n steps
    instead of n^2.
    """
    count = mask.sum(dim=1, keepdim=True).clamp(min=1)
    difference = (scores - teacher) * mask
    centred = (difference - difference.sum(dim=1, keepdim=True) / count) * mask
    return (2 * centred.square().sum(dim=1) / count[:, 0]).sum() / lists


def _cross_entropy(scores: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """(lists,): between `wanted`, which sums to 1 over a list, and softmax(scores)."""
    found = functional.log_softmax(scores.masked_fill(~mask, _FAR), dim=1)
    return -(wanted * found).sum(dim=1)
