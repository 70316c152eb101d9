"""Starts calls at a given rate, whether earlier ones have ended or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import accumulate
from random import Random


def evenly(rate: float, count: int) -> list[float]:
    """Seconds from the beginning at which `count` calls are due, to a beat."""
    return [number / rate for number in range(count)]


def at_random(rate: float, count: int) -> list[float]:
    """The same for independent calls, as shoppers make them: a Poisson process."""
    random = Random(f"{rate} {count}")
    return list(accumulate(random.expovariate(rate) for _ in range(count)))


SCHEDULES: dict[str, Callable[[float, int], list[float]]] = {"random": at_random, "even": evenly}


async def paced(due: Iterable[float], call: Callable[[int], Awaitable[None]]) -> None:
    """Begin each call when it is due, in seconds from now. Returns when all have ended."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number, seconds in enumerate(due):
            await asyncio.sleep(began + seconds - time.monotonic())
            tasks.create_task(_awaited(call(number)))


async def _awaited(answer: Awaitable[None]) -> None:
    await answer
