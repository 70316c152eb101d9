"""Calls at a steady rate, whether those before have ended or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def paced(rate: float, count: int, call: Callable[[int], Awaitable[None]]) -> None:
    """Begin a call at each tick, whether the one before has ended or not; return when all have."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            await asyncio.sleep(began + number / rate - time.monotonic())
            tasks.create_task(_awaited(call(number)))


async def _awaited(answer: Awaitable[None]) -> None:
    await answer
