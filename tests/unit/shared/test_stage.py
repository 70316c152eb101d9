import asyncio

import pytest

from shared.errors import Overloaded, SnapshotGone, Unavailable
from shared.stage import Late, Missed, Stage, asker


async def _slow(cancelled: list[str]) -> str:
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        cancelled.append("slow")
        raise
    return "too late"


async def _answer() -> str:
    return "here"


async def _raise(error: Exception) -> str:
    raise error


async def test_what_comes_in_time_is_the_answer() -> None:
    assert await Stage("words").run(_answer, 1_000) == "here"


async def test_what_is_late_is_cancelled() -> None:
    cancelled: list[str] = []
    with pytest.raises(Late, match="words: deadline"):
        await Stage("words").run(lambda: _slow(cancelled), 5)
    assert cancelled == ["slow"]


async def test_without_time_nothing_is_asked() -> None:
    asked: list[str] = []
    with pytest.raises(Late, match="words: deadline"):
        await Stage("words").run(lambda: _slow(asked), 0)
    assert asked == []


async def test_a_time_out_of_the_call_itself_is_a_failure_and_not_lateness() -> None:
    with pytest.raises(Missed, match=r"words: failed \(TimeoutError\)") as missed:
        await Stage("words").run(lambda: _raise(TimeoutError()), 1_000)
    assert not isinstance(missed.value, Late)


async def test_what_a_call_raises_because_it_was_cut_off_is_lateness() -> None:
    async def translated() -> str:
        try:
            return await _slow([])
        except asyncio.CancelledError:
            raise Unavailable("the call was cancelled") from None

    with pytest.raises(Late):
        await Stage("words").run(translated, 5)


async def test_an_error_for_the_page_goes_through_and_others_are_told_in_words() -> None:
    stage = Stage("words", through=(SnapshotGone,))
    with pytest.raises(SnapshotGone):
        await stage.run(lambda: _raise(SnapshotGone("gone")), 1_000)
    with pytest.raises(Missed, match=r"^words: the queue is full$"):
        await stage.run(lambda: _raise(Overloaded("the queue is full")), 1_000)


async def test_a_page_that_is_cancelled_takes_its_call_along() -> None:
    cancelled: list[str] = []
    page = asyncio.create_task(Stage("words").run(lambda: _slow(cancelled), 10_000))
    await asyncio.sleep(0.01)
    page.cancel()
    with pytest.raises(asyncio.CancelledError):
        await page
    assert cancelled == ["slow"]


async def test_after_some_late_answers_in_a_row_it_rests_and_then_one_is_enough() -> None:
    stage = Stage("words", max_late=2, rest_seconds=0.05, fair_ms=1)
    for _ in range(2):
        with pytest.raises(Late):
            await stage.run(lambda: _slow([]), 2)
    with pytest.raises(Missed, match="words: resting"):
        await stage.run(_answer, 1_000)
    await asyncio.sleep(0.06)
    with pytest.raises(Late):
        await stage.run(lambda: _slow([]), 2)
    with pytest.raises(Missed, match="words: resting"):
        await stage.run(_answer, 1_000)


async def test_lateness_under_a_short_limit_is_the_page_s_own() -> None:
    stage = Stage("words", max_late=1, fair_ms=50)
    for _ in range(3):
        with pytest.raises(Late):
            await stage.run(lambda: _slow([]), 2)
    assert await stage.run(_answer, 1_000) == "here"


async def _late_for(stage: Stage, name: str) -> None:
    async def ask() -> None:
        asker.set(name)
        with pytest.raises(Late):
            await stage.run(lambda: _slow([]), 2)

    await asyncio.create_task(ask())


async def _asked_by(stage: Stage, name: str) -> str:
    async def ask() -> str:
        asker.set(name)
        return await stage.run(_answer, 1_000)

    return await asyncio.create_task(ask())


async def test_one_askers_late_answers_make_it_rest_for_that_one_alone() -> None:
    stage = Stage("words", max_late=4, rest_seconds=10, fair_ms=1)
    for _ in range(4):
        await _late_for(stage, "a")
    with pytest.raises(Missed, match="words: resting"):
        await _asked_by(stage, "a")
    assert await _asked_by(stage, "b") == "here"


async def test_late_answers_for_many_askers_make_it_rest_for_all() -> None:
    stage = Stage("words", max_late=4, rest_seconds=10, fair_ms=1)
    for name in ("a", "b", "c", "a"):
        await _late_for(stage, name)
    for name in ("a", "z"):
        with pytest.raises(Missed, match="words: resting"):
            await _asked_by(stage, name)
