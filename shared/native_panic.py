"""Panics of native libraries, as errors that callers expect."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

Answer = TypeVar("Answer")
Inputs = TypeVarTuple("Inputs")


def answer_of(work: Callable[[*Inputs], Answer], *inputs: *Inputs) -> Answer:
    """The result of the work. A panic becomes a RuntimeError.

    A panic in Rust arrives as a BaseException that is no Exception. No caller expects it, so the one
    who waits for the result would wait until the deadline.
    """
    try:
        return work(*inputs)
    except (Exception, KeyboardInterrupt, SystemExit, asyncio.CancelledError):
        raise
    except BaseException as panic:
        raise RuntimeError(f"a native library panicked: {panic}") from panic
