"""Training in several processes, the ranks that torchrun starts.

The first rank does the whole job. What it hands to `together` is done by all of them with the same
arguments: each takes its part of every batch, and gradients are summed over the ranks. So the
result is that of one process with the same batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

# The first rank may grade for hours while others wait. If one ends, torchrun ends all of them.
_TIMEOUT = timedelta(days=7)

Result = TypeVar("Result")
Item = TypeVar("Item")


def join() -> None:
    """Join the other ranks: gloo, and NCCL where there are GPUs."""
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=_TIMEOUT)


def leave() -> None:
    """Leave the other ranks; from the first rank, also ends their `follow`."""
    if rank() == 0:
        _sent(None)
    distributed.destroy_process_group()


def count() -> int:
    """The number of ranks; 1 in a process of its own."""
    return int(distributed.get_world_size()) if distributed.is_initialized() else 1


def rank() -> int:
    """This rank; the first is 0."""
    return int(distributed.get_rank()) if distributed.is_initialized() else 0


def together(function: Callable[..., Result], *arguments: Any, **own: Any) -> Result:
    """Call a function in all ranks, from the first one, and return its result there.

    The function and the arguments must be picklable. `own` are keyword arguments for the first rank
    alone. Other ranks go through all items of an iterator while the first one reads it.
    """
    if count() > 1:
        _sent((function, arguments))
    return function(*arguments, **own)


def follow() -> None:
    """Do what the first rank asks for, until it leaves. For the other ranks."""
    while (asked := _sent(None)) is not None:
        function, arguments = asked
        result = function(*arguments)
        if isinstance(result, Iterator):
            deque(result, maxlen=0)


def part_of(items: Sequence[Item]) -> Sequence[Item]:
    """This rank's part of a batch; it may be empty."""
    return items[rank() :: count()]


def summed(tensor: Tensor) -> Tensor:
    """The sum over all ranks, the same bits in each of them."""
    if count() > 1:
        distributed.all_reduce(tensor)
    return tensor


def _sent(task: object) -> Any:
    """What the first rank sends, in all ranks."""
    box = [task]
    distributed.broadcast_object_list(box, src=0)
    return box[0]
