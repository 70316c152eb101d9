"""Whether bfloat16 trains sooner than float32 on this machine."""

from __future__ import annotations

import time
from functools import lru_cache

import torch
from torch import nn

from shared.inference.cpu import read_cpu

_TOKENS = 1_024
_WIDTHS = (384, 1_536)  # of a feed-forward layer, which is most of a small encoder's work
_TRIALS = 5


@lru_cache(maxsize=1)
def bf16_is_faster() -> bool:
    """Measured once a process, in about half a second, if the CPU has bfloat16 at all.

    The instruction sets do not tell. With AVX-512 bf16 but without AMX, an Intel Xeon takes twice as
    long as in float32.
    """
    if not read_cpu().has_bf16:
        return False
    layer = nn.Linear(*_WIDTHS)
    rounds = [(_seconds(layer, bf16=True), _seconds(layer, bf16=False)) for _ in range(_TRIALS)]
    in_bf16, in_float32 = (min(each) for each in zip(*rounds, strict=True))
    return bool(in_bf16 < in_float32)


def _seconds(layer: nn.Module, bf16: bool) -> float:
    """Of a layer, forward and backward."""
    tokens = torch.randn(_TOKENS, _WIDTHS[0], requires_grad=True)
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        found = layer(tokens)
    found.float().sum().backward()
    return time.perf_counter() - start
