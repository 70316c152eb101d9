"""Measures how long a model takes on this machine."""

from collections.abc import Callable
from time import perf_counter

_ROUNDS = 5


def least_seconds(run: Callable[[], object]) -> float:
    """The shortest of some runs, because other work on the machine only makes a run longer."""
    return min(_seconds(run) for _ in range(_ROUNDS))


def _seconds(run: Callable[[], object]) -> float:
    began = perf_counter()
    run()
    return perf_counter() - began
