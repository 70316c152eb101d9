"""The learning rate over the steps of a training."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


def warmed_up(optimiser: Optimizer, steps: int) -> LRScheduler:
    """The rate rises for 8 % of the steps, then falls linearly, to 2 % at least."""
    factors = lambda step: min((step + 1) / (0.08 * steps + 1), max(1 - step / steps, 0.02))  # noqa: E731
    return LambdaLR(optimiser, factors)
