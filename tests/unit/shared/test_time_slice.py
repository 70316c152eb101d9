import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.time_slice import TimeSlice, in_slices


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def another_task() -> AsyncIterator[list[int]]:
    """A task beside the test; the list has an entry for each turn that it had."""
    turns: list[int] = []

    async def take_turns() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    task = asyncio.create_task(take_turns())
    await asyncio.sleep(0)
    turns.clear()
    try:
        yield turns
    finally:
        task.cancel()


async def test_one_long_step_gives_others_a_turn_and_many_short_ones_do_not() -> None:
    clock = Clock()
    time_slice = TimeSlice(slice_seconds=0.002, clock=clock)
    async with another_task() as turns:
        for _ in range(100):
            await time_slice.give_way()
        assert not turns
        clock.now += 0.002
        await time_slice.give_way()
        assert turns == [1]


async def test_the_next_slice_begins_after_the_turns_of_others() -> None:
    clock = Clock()
    time_slice = TimeSlice(slice_seconds=0.002, clock=clock)
    clock.now = 0.01
    await time_slice.give_way()
    clock.now = 0.0119
    async with another_task() as turns:
        await time_slice.give_way()
        assert not turns


async def test_a_pace_with_a_rest_leaves_others_more_than_one_turn() -> None:
    async with another_task() as turns:
        await TimeSlice(slice_seconds=0.0, rest_seconds=0.01).give_way()
        assert len(turns) > 3


async def test_a_batch_that_is_not_hurried_has_all_items_in_order() -> None:
    assert [item async for item in in_slices(range(1_000))] == list(range(1_000))
