"""The steps of a training: AdamW, a rate that rises and falls, and clipped gradients of all ranks."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from services.reranker.training.ranks import count as rank_count
from services.reranker.training.ranks import summed

_WARM_UP = 0.08  # of the steps
_LEAST_RATE = 0.02  # of the highest
_WEIGHT_DECAY = 0.01
_LONGEST_GRADIENT = 1.0


class Steps:
    """Changes parameters step by step. Each rank gives the loss of its part of a batch."""

    def __init__(self, groups: Sequence[Mapping[str, Any]], count: int) -> None:
        """`groups` are parameters with their highest rates, as torch's optimisers take them."""
        self._optimiser = torch.optim.AdamW([dict(each) for each in groups], weight_decay=_WEIGHT_DECAY)
        self._parameters = [each for group in groups for each in group["params"]]

        def rate(step: int) -> float:
            return min((step + 1) / (_WARM_UP * count + 1), max(1 - step / count, _LEAST_RATE))

        self._schedule = LambdaLR(self._optimiser, rate)

    def take(self, loss: Tensor | None) -> float:
        """Take one step, and return the loss of the whole batch.

        `loss` is this rank's part of it: the parts add up. None: the rank has no part of the batch.
        """
        self._optimiser.zero_grad()
        if loss is not None:
            loss.backward()
        whole: float = self._sum_gradients(torch.zeros(1) if loss is None else loss.detach().reshape(1))
        nn.utils.clip_grad_norm_(self._parameters, _LONGEST_GRADIENT)
        self._optimiser.step()
        self._schedule.step()
        return whole

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _sum_gradients(self, loss: Tensor) -> float:
        """Set all gradients to their sums over the ranks, and return the sum of the losses."""
        if rank_count() == 1:
            return float(loss)
        for each in self._parameters:
            if each.grad is None:
                each.grad = torch.zeros_like(each)
        own = [*(each.grad for each in self._parameters), loss]
        joined = summed(torch.cat([each.reshape(-1) for each in own]))
        for each, whole in zip(own, joined.split([each.numel() for each in own]), strict=True):
            each.copy_(whole.view_as(each))
        return float(loss)
